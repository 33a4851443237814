import { lazy, Suspense, useEffect, useMemo, useState, type FormEvent, type ReactNode } from "react";
import type { PolicyScope } from "@bailiwick/control-plane/contract";
import { readParts, writeParts, type BundleParts } from "@bailiwick/control-plane/contract/bundles";
import { testOfProposal } from "@bailiwick/control-plane/contract/proposal-test";
import { Link, useLocation, useSearchParams } from "wouter";
import { hindranceOf } from "../acts/hindrance.ts";
import { Problem } from "../problem.tsx";
import { server } from "../server.ts";
import type { Session } from "../session.ts";
import { useAsked } from "../use-asked.ts";
import { AskAbout } from "./ask-about.tsx";
import { Findings } from "./findings.tsx";
import { layersOf, scopePath, scopeText } from "./layers.ts";
import { layerPath } from "./policies-page.tsx";
import { useChecked } from "./use-checked.ts";
import { FILE_NAME, fileNamesOf, firstFileOf, STARTER, textOf, withText } from "./working-text.ts";

const CodeEditor = lazy(() => import("./code-editor.tsx"));

interface EditPageProps {
  readonly session: Session;
  readonly scope: PolicyScope;
}

/** Writes what a layer is to say. Nothing of it is at the server before it is kept as a draft, which somebody else reviews. */
export default function EditPage({ session, scope }: EditPageProps): ReactNode {
  const [search] = useSearchParams();
  const from = search.get("from") ?? undefined;
  const proposal = search.get("proposal") ?? undefined;
  const beginning = useBeginning(scope, from, proposal);
  return (
    <div className="page">
      <header className="run-head">
        <p className="crumbs">
          <Link href="/policies">Policies</Link> / <Link href={layerPath(scope)}>{scopeText(scope)}</Link>
        </p>
        <h1>A draft for {scopeText(scope)}</h1>
      </header>
      {beginning.error !== undefined && <Problem error={beginning.error} />}
      {beginning.value !== undefined && (
        <Editing
          key={`${scopePath(scope)} ${from ?? ""} ${proposal ?? ""}`}
          {...{ session, scope, proposal }}
          beginning={beginning.value}
        />
      )}
    </div>
  );
}

/** What was being written here, else the version of the address, else what holds now; with the test of a proposal. */
function useBeginning(scope: PolicyScope, from: string | undefined, proposal: string | undefined) {
  return useAsked(`begin ${scopePath(scope)} ${from ?? ""} ${proposal ?? ""}`, async (signal): Promise<BundleParts> => {
    const kept = from === undefined ? sessionStorage.getItem(keptAs(scope)) : null;
    const version = from ?? (kept === null ? await versionInForce(scope, signal) : undefined);
    const text =
      version === undefined ? kept : (await server.call("showPolicy", { params: { version } }, { signal })).bundle;
    const parts = (text === null ? undefined : readParts(text)) ?? STARTER;
    return proposal === undefined ? parts : await withProposal(parts, proposal, signal);
  });
}

async function withProposal(parts: BundleParts, id: string, signal: AbortSignal): Promise<BundleParts> {
  const { items } = await server.call("listProposals", {}, { signal });
  const proposal = items.find((each) => each.id === id);
  if (proposal === undefined) return parts;
  const { name, text } = testOfProposal(proposal);
  return withText(parts, name, text);
}

async function versionInForce(scope: PolicyScope, signal: AbortSignal): Promise<string | undefined> {
  const { items } = await server.call("listReleases", {}, { signal });
  const path = scopePath(scope);
  return layersOf(
    [],
    items.filter((each) => scopePath(each.scope) === path),
  )[0]?.inForce?.version;
}

function keptAs(scope: PolicyScope): string {
  return `bailiwick-draft ${scopePath(scope)}`;
}

interface EditingProps extends EditPageProps {
  readonly beginning: BundleParts;
  /** What it comes from. */
  readonly proposal: string | undefined;
}

function Editing({ session, scope, beginning, proposal }: EditingProps): ReactNode {
  const [parts, setParts] = useState(beginning);
  const [file, setFile] = useState(firstFileOf(beginning));
  const [goTo, setGoTo] = useState<{ readonly line: number }>();
  const bundle = useMemo(() => writeParts(scope, parts), [scope, parts]);
  const { checked, error, asking } = useChecked(scope, bundle);
  useEffect(() => {
    sessionStorage.setItem(keptAs(scope), bundle);
  }, [scope, bundle]);
  const faults = useMemo(() => checked?.problems.filter((each) => each.file === file) ?? [], [checked, file]);
  const text = textOf(parts, file);
  return (
    <>
      <div className="editing">
        <Files parts={parts} file={file} faulty={checked?.problems ?? []} onFile={setFile} onParts={setParts} />
        <Suspense fallback={<div className="code-editor" />}>
          {text !== undefined && (
            <CodeEditor
              key={file}
              name={file}
              text={text}
              {...{ faults, goTo }}
              onChange={(changed) => setParts((before) => withText(before, file, changed))}
            />
          )}
        </Suspense>
        <section className="findings" aria-label="What the server says of it">
          <h2>{asking ? "○ asking" : "What it says"}</h2>
          {error !== undefined && <Problem error={error} />}
          {checked !== undefined && (
            <Findings
              checked={checked}
              onPlace={({ file: name, line }) => {
                setFile(name);
                setGoTo({ line });
              }}
            />
          )}
        </section>
      </div>
      <Keep {...{ session, scope, bundle, asking, proposal }} faulty={checked?.problems.some(isError) !== false} />
      <AskAbout scope={scope} bundle={bundle} />
    </>
  );
}

const isError = ({ severity }: { readonly severity: string }): boolean => severity === "error";

interface FilesProps {
  readonly parts: BundleParts;
  readonly file: string;
  readonly faulty: readonly { readonly file?: string | undefined }[];
  readonly onFile: (name: string) => void;
  readonly onParts: (parts: BundleParts) => void;
}

function Files({ parts, file, faulty, onFile, onParts }: FilesProps): ReactNode {
  const [name, setName] = useState("");
  const names = fileNamesOf(parts);
  const add = (event: FormEvent): void => {
    event.preventDefault();
    if (!names.includes(name)) onParts(withText(parts, name, ""));
    onFile(name);
    setName("");
  };
  return (
    <div className="files">
      <ul aria-label="Files">
        {names.map((each) => (
          <li key={each}>
            <button type="button" aria-current={each === file} onClick={() => onFile(each)}>
              {faulty.some((fault) => fault.file === each) && "✕ "}
              {each}
            </button>
          </li>
        ))}
      </ul>
      <form aria-label="Add a file" onSubmit={add}>
        <input
          aria-label="Name of a file to add"
          placeholder="more.cedar"
          title="NAME.cedar, NAME.test.toml, or profile.toml"
          required
          pattern={FILE_NAME}
          value={name}
          onChange={({ target }) => setName(target.value)}
        />
        <button type="submit">Add</button>
      </form>
      <button
        type="button"
        disabled={textOf(parts, file) === undefined}
        onClick={() => {
          const without = withText(parts, file, undefined);
          onParts(without);
          onFile(firstFileOf(without));
        }}
      >
        Remove {file}
      </button>
      <label>
        Hosts that have not heard the server for so many hours start no run{" "}
        <input
          type="number"
          min={1}
          max={8_784}
          placeholder="they do"
          value={parts.requiredWithinHours ?? ""}
          onChange={({ target: { valueAsNumber: hours } }) => {
            onParts({ ...parts, requiredWithinHours: Number.isNaN(hours) ? undefined : hours });
          }}
        />
      </label>
    </div>
  );
}

interface KeepProps extends EditPageProps {
  readonly bundle: string;
  readonly proposal: string | undefined;
  readonly asking: boolean;
  readonly faulty: boolean;
}

/** A draft holds for nobody: what makes it hold is somebody else's. */
function Keep({ session, scope, bundle, asking, faulty, proposal }: KeepProps): ReactNode {
  const [why, setWhy] = useState("");
  const [error, setError] = useState<unknown>();
  const [, navigate] = useLocation();
  const keep = (event: FormEvent): void => {
    event.preventDefault();
    const reason = why.trim();
    const body = {
      ...{ scope, bundle },
      ...(reason !== "" && { why: reason }),
      ...(proposal !== undefined && { proposal }),
    };
    server.call("draftPolicy", { body }).then(({ id }) => {
      sessionStorage.removeItem(keptAs(scope));
      navigate(`/policies/versions/${id}`);
    }, setError);
  };
  const hindrance =
    hindranceOf(session.actions, "editPolicy") ??
    (asking || faulty ? "it has faults, or is being looked at" : undefined);
  return (
    <form className="in-line keep" aria-label="Keep as a draft" onSubmit={keep}>
      <label>
        Why (for whoever reviews it){" "}
        <input className="wide" maxLength={500} value={why} onChange={({ target }) => setWhy(target.value)} />
      </label>
      <button type="submit" disabled={hindrance !== undefined}>
        Submit for review
      </button>
      <span className="quiet">
        {hindrance ?? "It holds for nobody until somebody else approves it and it is rolled out."}
      </span>
      {error !== undefined && <Problem error={error} />}
    </form>
  );
}
