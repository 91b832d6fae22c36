import { defineProfile } from "@latchkey/auth";
import { createProcedures } from "@latchkey/server";
import { notesProcedures } from "./notes/notes-router.ts";
import type { ServiceConfig } from "./permissions.ts";

/** Every procedure of the service, by name. */
export const procedures = {
  ...createProcedures<ServiceConfig>(defineProfile()),
  notes: notesProcedures,
};
