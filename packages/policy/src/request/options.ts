/**
 * What is known of the options of programs that policies often name: which take the next argument as their value, so that
 * it is not taken for the verb, and which long ones exist, so that an abbreviation (`--del` for `--delete`) counts as the
 * whole. What is not listed is read plainly: every argument that does not begin with `-` is an operand.
 */
export interface OptionTable {
  /** Options before the verb that take the next argument. */
  readonly before: ReadonlySet<string>;
  /** By verb (`""`: programs without verbs): options that take the next argument, and the long options that exist. */
  readonly verbs: Readonly<Record<string, VerbOptions>>;
}

export interface VerbOptions {
  readonly values: ReadonlySet<string>;
  readonly long: readonly string[];
}

const words = (text: string): ReadonlySet<string> => new Set(text.split(" "));
const plain = (before: string): OptionTable => ({ before: words(before), verbs: {} });
const gnu = (long: string, values = ""): OptionTable => ({
  before: new Set(),
  verbs: { "": { values: words(values), long: long.split(" ") } },
});

const git: OptionTable = {
  before: words("-C -c --git-dir --work-tree --namespace --super-prefix --config-env --attr-source"),
  verbs: {
    push: {
      values: words("-o --push-option --receive-pack --exec --repo"),
      long: (
        "--all --atomic --branches --delete --dry-run --exec --follow-tags --force --force-if-includes --force-with-lease --ipv4 " +
        "--ipv6 --mirror --no-verify --porcelain --progress --prune --push-option --quiet --receive-pack --recurse-submodules " +
        "--repo --set-upstream --signed --tags --thin --verbose --verify"
      ).split(" "),
    },
    "send-pack": {
      values: words("--receive-pack --exec --push-option"),
      long: "--all --atomic --dry-run --force --force-if-includes --force-with-lease --mirror --stdin --thin".split(
        " ",
      ),
    },
  },
};
const docker = plain(
  "-H --host -c --context --config -l --log-level --tlscacert --tlscert --tlskey --url --connection",
);
const kubectl = plain(
  "-n --namespace --context --kubeconfig --cluster --user -s --server --token --as --as-group --request-timeout --cache-dir " +
    "--certificate-authority --client-certificate --client-key --tls-server-name -v --profile",
);
const npm = plain(
  "--prefix -C --dir -w --workspace --registry --loglevel --userconfig --cache --filter -F --cwd --tag --access --otp",
);
const pip = plain("--proxy --cache-dir --log --python --timeout --retries --cert --client-cert");
const terraform = plain("-var -var-file");

const TABLES: Readonly<Record<string, OptionTable>> = {
  git,
  docker,
  podman: docker,
  nerdctl: docker,
  kubectl,
  oc: kubectl,
  helm: kubectl,
  npm,
  "npm-cli.js": npm,
  pnpm: npm,
  yarn: npm,
  bun: npm,
  pip,
  pip3: pip,
  terraform,
  tofu: terraform,
  cargo: plain("--color --config -Z -C --explain"),
  systemctl: plain("-H --host -M --machine -t --type -p --property --root --state -n --lines -o --output"),
  gh: plain("-R --repo"),
  aws: plain("--profile --region --output --endpoint-url --query --color --ca-bundle"),
  gcloud: plain("--project --account --configuration --format --verbosity"),
  go: plain("-C"),
  poetry: plain("-C --directory -P --project"),
  uv: plain("--directory --project --config-file --cache-dir --color"),
  rm: gnu("--dir --force --interactive --no-preserve-root --one-file-system --preserve-root --recursive --verbose"),
  chmod: gnu("--changes --no-preserve-root --preserve-root --quiet --recursive --reference --silent --verbose"),
  chown: gnu(
    "--changes --dereference --from --no-dereference --preserve-root --quiet --recursive --reference --verbose",
  ),
  shred: gnu("--exact --force --iterations --random-source --remove --size --verbose --zero", "-n -s"),
  crontab: gnu("", "-u"),
};

/** The table of the first of these names that has one. */
export function findOptionTable(names: readonly string[]): OptionTable | undefined {
  const name = names.find((candidate) => Object.hasOwn(TABLES, candidate));
  return name === undefined ? undefined : TABLES[name];
}

/** The options of a verb, of the program itself when it has no verbs. */
export function optionsOf(table: OptionTable | undefined, verb: string): VerbOptions {
  const key = table !== undefined && Object.hasOwn(table.verbs, verb) ? verb : "";
  return table?.verbs[key] ?? NONE;
}

const NONE: VerbOptions = { values: new Set(), long: [] };
