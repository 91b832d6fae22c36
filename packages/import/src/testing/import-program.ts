import { createAuth } from "@latchkey/auth";
import { importPeople } from "../import-people.ts";
import { usual } from "./usual-options.ts";

/** A process that can be killed: imports a source into a database, both given as its arguments. */
const [source = "", connectionText = "{}", secret = ""] = process.argv.slice(2);
const connection = JSON.parse(connectionText);
const auth = createAuth(connection, { secret });
await auth.initialize();
await importPeople(auth, { ...usual, accept: ["all"], connection, source });
await auth.close();
