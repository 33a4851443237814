import { layerName, type Layer, type PolicyBundle } from "@bailiwick/policy";
import { SandboxError } from "../errors.ts";
import type { Profile } from "../profile-types.ts";
import { mergeSources } from "./merge.ts";
import { narrow } from "./narrow.ts";
import { readProfileText } from "./profile-file.ts";
import type { ProfileCache, ProfileLayer } from "./profile-request.ts";
import { BUILT_IN } from "./standard.ts";

/** The profile parts of bundles that have one, in their order. @throws SandboxError as {@link readProfileLayer} */
export async function readProfileLayers(
  bundles: readonly Pick<PolicyBundle, "layer" | "scope" | "profile">[],
  cache: ProfileCache | undefined,
): Promise<ProfileLayer[]> {
  const layers: ProfileLayer[] = [];
  for (const bundle of bundles) {
    if (bundle.profile === undefined) continue;
    const { layer: level, profile: text } = bundle;
    layers.push(await readProfileLayer({ name: layerName(bundle), level, text }, cache));
  }
  return layers;
}

/**
 * Reads the profile part of a layer.
 * @throws SandboxError SANDBOX_PROFILE_INVALID for what is no profile, has a key that this version does not know, or extends a file of the host
 */
export async function readProfileLayer(
  { name, level, text }: { readonly name: string; readonly level: Layer; readonly text: string },
  cache: ProfileCache | undefined,
): Promise<ProfileLayer> {
  const source = await readProfileText(`${name}/profile.toml`, text, cache);
  if (source.extends === undefined || (level === "company" && BUILT_IN.has(source.extends)))
    return { name, level, source };
  throw new SandboxError("SANDBOX_PROFILE_INVALID", `layer \`${name}\`: \`extends\` names \`${source.extends}\``, {
    remedy: "the company's layer extends `standard` or `bare`, and the others those above them",
  });
}

/**
 * What all layers together permit. The first is the base. What another says counts so far as it lies within all the others: none of them can widen
 * anything, whatever it says.
 * @param layers the outermost first, at least one; the first is the company's
 * @returns with what layers say beyond those above them: `team payments: network.allow: evil.example:443`
 */
export function composeLayers([base, ...others]: readonly [ProfileLayer, ...ProfileLayer[]]): {
  readonly profile: Profile;
  readonly wider: readonly string[];
} {
  const outermost = BUILT_IN.get(base.source.extends ?? "standard");
  let profile = mergeSources("company", [...(outermost === undefined ? [] : [outermost]), base.source]);
  let above = { level: base.level, profile };
  const wider: string[] = [];
  for (const { name, level, source } of others) {
    if (level !== above.level) above = { level, profile };
    wider.push(...narrow(above.profile, [source], name).wider.map((each) => `${name}: ${each}`));
    ({ profile } = narrow(profile, [source], name));
  }
  return { profile, wider };
}
