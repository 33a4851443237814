/** What the console has, by address. */
import { lazy, type ReactNode } from "react";
import { ApprovalsPage } from "./approvals/approvals-page.tsx";
import { RunPage } from "./run/run-page.tsx";
import { RunsPage } from "./runs/runs-page.tsx";
import { SearchPage } from "./search/search-page.tsx";
import type { Session } from "./session.ts";

// Not on the first page that somebody sees: each is loaded, with what it alone needs, when they go there.
const HostsPage = lazy(() => import("./hosts/hosts-page.tsx"));
const HostPage = lazy(() => import("./hosts/host-page.tsx"));
const PoliciesPage = lazy(() => import("./policies/policies-page.tsx"));
const VersionPage = lazy(() => import("./policies/version-page.tsx"));
const LayerRoute = lazy(() => import("./policies/layer-route.tsx"));
const PeoplePage = lazy(() => import("./people/people-page.tsx"));
const PersonPage = lazy(() => import("./people/person-page.tsx"));
const RolesPage = lazy(() => import("./people/roles-page.tsx"));
const AccessPage = lazy(() => import("./people/access-page.tsx"));
const SettingsPage = lazy(() => import("./settings/settings-page.tsx"));
const AuditPage = lazy(() => import("./audit/audit-page.tsx"));
const EntryPage = lazy(() => import("./audit/entry-page.tsx"));
const EventProofPage = lazy(() => import("./audit/event-proof-page.tsx"));
const CheckPage = lazy(() => import("./audit/check-page.tsx"));
const EvidencePage = lazy(() => import("./evidence/evidence-page.tsx"));
const TasksPage = lazy(() => import("./tasks/tasks-page.tsx"));

/** In the head of every page, in this order. */
export const SECTIONS: readonly (readonly [path: string, name: string])[] = [
  ["/runs", "Runs"],
  ["/approvals", "Approvals"],
  ["/tasks", "Tasks"],
  ["/search", "Search"],
  ["/policies", "Policies"],
  ["/hosts", "Hosts"],
  ["/people", "People"],
  ["/audit", "Audit"],
  ["/evidence", "Evidence"],
];

/** Named groups of an address. */
type Params = Readonly<Record<string, string | undefined>>;
type Show = (session: Session, params: Params) => ReactNode;

/** The first that matches is shown. One path for several addresses: the page stays when another of them is gone to. */
export const PAGES: readonly (readonly [path: string | RegExp, show: Show])[] = [
  ["/runs", () => <RunsPage />],
  [
    /^\/runs\/(?<run>[0-9a-z]+)(?:\/events\/(?<seq>[0-9]+))?$/,
    (_, { run = "", seq }) => <RunPage key={run} run={run} seq={seq === undefined ? undefined : Number(seq)} />,
  ],
  [/^\/approvals(?:\/(?<id>[A-Za-z0-9_-]+))?$/, (session, { id }) => <ApprovalsPage session={session} id={id} />],
  ["/search", () => <SearchPage />],
  [/^\/tasks(?:\/(?<id>[a-z0-9-]+))?$/, (_, { id }) => <TasksPage id={id} />],
  ["/policies", (session) => <PoliciesPage session={session} />],
  [
    "/policies/versions/:version",
    (session, { version = "" }) => <VersionPage key={version} session={session} version={version} />,
  ],
  [
    // Names have characters of all kinds: they are read from the address as it is.
    /^\/policies\/(?<page>layers|edit)\/./,
    (session, { page }) => <LayerRoute session={session} page={page} />,
  ],
  ["/hosts", () => <HostsPage />],
  ["/hosts/:host", (session, { host = "" }) => <HostPage key={host} id={host} session={session} />],
  ["/people", (session) => <PeoplePage session={session} />],
  ["/people/:id", (session, { id = "" }) => <PersonPage key={id} session={session} id={id} />],
  ["/roles", (session) => <RolesPage session={session} />],
  ["/access", () => <AccessPage />],
  ["/settings", (session) => <SettingsPage session={session} />],
  ["/audit", (session) => <AuditPage session={session} />],
  ["/evidence", (session) => <EvidencePage session={session} />],
  ["/audit/check", () => <CheckPage />],
  [/^\/audit\/(?<index>[0-9]+)$/, (_, { index }) => <EntryPage key={index} index={Number(index)} />],
  [
    /^\/audit\/runs\/(?<run>[0-9a-z]+)\/(?<seq>[0-9]+)$/,
    (_, { run = "", seq }) => <EventProofPage key={seq} run={run} seq={Number(seq)} />,
  ],
];
