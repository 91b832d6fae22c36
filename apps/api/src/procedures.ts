import { defineProfile, type ProfileDefinition } from "@latchkey/auth";
import { createProcedures } from "@latchkey/server/internal";
import type { ServiceConfig } from "./service-config.ts";

/** Every procedure of the service, by name: those that any host mounts, and no other. */
export const createServiceProcedures = (profile: ProfileDefinition) => createProcedures<ServiceConfig>(profile);

/** The same where no field of a profile is a team's own. */
export const procedures = createServiceProcedures(defineProfile());
