/** One's own passkeys: adding, naming and removing them. */
import type { AnswerOf } from "../contract/routes.ts";
import { button, made, nameInput, say, show, timeOf } from "./dom.ts";
import { make, server, sign } from "./server.ts";

type Passkey = AnswerOf<"addPasskey">;

export async function passkeysPage(): Promise<void> {
  const { items } = await server.call("listPasskeys", {});
  const name = nameInput();
  const list = items.length === 0 ? made("p", {}, "You have none.") : tableOf(items);
  show(
    made("p", {}, "With a passkey you prove to the server that it is you, where a policy asks for that."),
    list,
    made("h2", {}, items.length === 0 ? "Add a passkey" : "Add another"),
    made("p", {}, made("label", { for: "name" }, "Name "), name.input),
    ...(items.length === 0 ? [freshly()] : []),
    button("Add a passkey", async () => {
      await add(name.text(), items.length > 0);
    }),
  );
}

/** The first one is added by who has just proven to the provider who they are. */
function freshly(): HTMLElement {
  const link = made("a", { href: "/auth/start?fresh=true&to=/passkeys" }, "Prove who you are");
  return made("p", {}, link, " to the identity provider first, unless you have just done so.");
}

async function add(name: string, hasOne: boolean): Promise<void> {
  let proof;
  if (hasOne) {
    say("First a passkey that you have: it says that it is you who adds another.");
    proof = await sign(await server.call("startProof", { body: { for: "adding" } }));
    say("And now the new one.");
  }
  const options = await server.call("startPasskey", { body: proof === undefined ? {} : { proof } });
  const passkey = await server.call("addPasskey", { body: { name, made: await make(options) } });
  await passkeysPage();
  say(`Added: ${passkey.name}.`);
}

async function remove({ id, name }: Passkey): Promise<void> {
  say("Prove by a passkey that it is you who removes it.");
  const proof = await sign(await server.call("startProof", { body: { for: "removing", passkey: id } }));
  await server.call("removePasskey", { params: { passkey: id }, body: { proof } });
  await passkeysPage();
  say(`Removed: ${name}.`);
}

function tableOf(items: readonly Passkey[]): HTMLElement {
  const head = ["Name", "Added", "Last used", "Change"].map((title) => made("th", { scope: "col" }, title));
  return made("table", {}, made("thead", {}, made("tr", {}, ...head)), made("tbody", {}, ...items.map(rowOf)));
}

function rowOf(passkey: Passkey): HTMLElement {
  const { id, createdAt, lastUsedAt, backedUp } = passkey;
  const name = made("input", { value: passkey.name, maxlength: "80", "aria-label": `Name of ${passkey.name}` });
  const rename = button("Rename", async () => {
    const { name: now } = await server.call("renamePasskey", { params: { passkey: id }, body: { name: name.value } });
    await passkeysPage();
    say(`Its name is ${now} now.`);
  });
  const used = lastUsedAt === undefined ? "never" : timeOf(lastUsedAt);
  return made(
    "tr",
    {},
    made("td", {}, name, backedUp ? " (synced)" : ""),
    made("td", {}, timeOf(createdAt)),
    made("td", {}, used),
    made(
      "td",
      {},
      rename,
      button("Remove", () => remove(passkey), { "aria-label": `Remove ${passkey.name}` }),
    ),
  );
}
