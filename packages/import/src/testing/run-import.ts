import type { TestAuth } from "@latchkey/auth/testing";
import { type ImportAnswer, type ImportOptions, importPeople } from "../import-people.ts";
import type { OldProject } from "./django-project.ts";
import { usual } from "./usual-options.ts";

interface Between {
  readonly project: Pick<OldProject, "source">;
  readonly service: Pick<TestAuth, "auth" | "clock" | "database">;
}

/** Imports a project a minute after whatever was before. */
export async function runImport({ project, service }: Between, options: Partial<ImportOptions>): Promise<ImportAnswer> {
  await service.clock.advance(60);
  return importPeople(service.auth, {
    ...usual,
    connection: service.database.connection,
    source: project.source,
    ...options,
  });
}
