/** Profiles as the layers of a company's policy have them: for whoever checks them where no sandbox is. */
export { composeLayers, readProfileLayers } from "./layers.ts";
export type { ProfileLayer } from "./profile-request.ts";
