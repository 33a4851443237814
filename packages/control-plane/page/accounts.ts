/** Accounts of a server without identity provider: accepting an invitation, signing in, and letting a device in. */
import { localPath } from "../contract/session-routes.ts";
import { button, made, nameInput, say, show } from "./dom.ts";
import { make, server, sign } from "./server.ts";

/** The invitation is behind the `#` of the address, which browsers tell no server. */
export async function invitationPage(): Promise<void> {
  const token = location.hash.slice(1);
  const { name: person } = await server.call("startInvitation", { body: { token } });
  const name = nameInput();
  show(
    made(
      "p",
      {},
      `You are invited as ${person}. Make a passkey: with it you sign in from now on, without any password.`,
    ),
    made("p", {}, made("label", { for: "name" }, "Name of the passkey "), name.input),
    button("Make a passkey", async () => {
      // Asked for anew: what was asked for when the page was opened is over after five minutes.
      const { options } = await server.call("startInvitation", { body: { token } });
      const body = { token, name: name.text(), made: await make(options) };
      const accepted = await server.call("acceptInvitation", { body });
      // Of no use any more, and not to be found in the browser's history.
      history.replaceState(null, "", location.pathname);
      show(
        made("p", {}, `You are signed in as ${accepted.person}.`),
        made(
          "p",
          {},
          made("a", { href: "/" }, "Go on"),
          " or look at ",
          made("a", { href: "/passkeys" }, "your passkeys"),
        ),
      );
    }),
  );
}

export async function signInPage(): Promise<void> {
  const { data: to = "/auth" } = localPath.safeParse(new URLSearchParams(location.search).get("to"));
  const signIn = async (): Promise<void> => {
    const proof = await sign(await server.call("startPasskeySignIn", {}));
    await server.call("finishPasskeySignIn", { body: { proof } });
    location.assign(to);
  };
  show(
    button("Sign in with a passkey", signIn),
    made("p", {}, "You have none yet? Whoever runs this server can invite you."),
  );
  await Promise.resolve();
}

/** @param person who is signed in */
export async function devicePage(person: string): Promise<void> {
  const code = new URLSearchParams(location.search).get("code") ?? "";
  const params = { code };
  show(
    made("p", {}, "A device wants to sign in as ", made("strong", {}, person), ". It shows this code:"),
    made("p", {}, made("code", {}, code)),
    made("p", {}, "Go on only if you have just begun that yourself, and your device shows the very same code."),
    button("It is mine: sign it in", async () => {
      say("Your passkey signs that.");
      const proof = await sign(await server.call("startConfirming", { params }));
      await server.call("confirmDevice", { params, body: { proof } });
      show(made("p", {}, "The device is signed in. You can close this page."));
    }),
    button("It is not mine", async () => {
      await server.call("denyDevice", { params });
      show(made("p", {}, "Nobody was signed in."));
    }),
  );
  await Promise.resolve();
}
