import { defineProfile, type ProfileDefinition } from "@latchkey/auth";
import { createProcedures } from "@latchkey/server";
import { notesProcedures } from "./notes/notes-router.ts";
import type { ServiceConfig } from "./permissions.ts";

/** Every procedure of the service, by name. */
export const createServiceProcedures = (profile: ProfileDefinition) => ({
  ...createProcedures<ServiceConfig>(profile),
  notes: notesProcedures,
});

/** The same where no field of a profile is a team's own. */
export const procedures = createServiceProcedures(defineProfile());
