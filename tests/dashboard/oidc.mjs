// A real OpenID provider on loopback: oidc-provider.mjs FOLDER PORT CLIENTS(JSON)
// Everybody may sign in under any name; the part before "-" is their group. Clients whose id
// begins with "brief" get identity tokens that hold three seconds.
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const [folder, port, clients] = process.argv.slice(2);
const found = createRequire(`${folder}/package.json`).resolve("oidc-provider");
const { default: Provider } = await import(pathToFileURL(found));

const provider = new Provider(`http://localhost:${port}`, {
  clients: JSON.parse(clients),
  claims: { openid: ["sub"], email: ["email"], profile: ["name"], groups: ["groups"] },
  scopes: ["openid", "email", "profile", "groups"],
  conformIdTokenClaims: false,
  pkce: { required: () => false },
  cookies: { keys: ["only for tests"] },
  ttl: { IdToken: (_context, _token, client) => (client.clientId.startsWith("brief") ? 3 : 3600) },
  features: { devInteractions: { enabled: true } },
  findAccount: (_context, id) => ({
    accountId: id,
    claims: () => ({
      sub: id,
      email: `${id}@example.com`,
      name: id,
      groups: [id.split("-")[0]],
    }),
  }),
});
provider.listen(Number(port), "localhost", () => console.log("listening"));
