import { createTestAuth, type TestAuth } from "@latchkey/auth/testing";
import { createPostgresProject, type PostgresProject } from "./django-project.ts";

const options = { phones: { defaultCountry: "TR" } } as const;

/** An old backend in PostgreSQL and a service that takes over from it. */
export interface Pair {
  readonly project: PostgresProject;
  readonly service: TestAuth;
}

/** What all tests of a file begin with: it is made once, and each gets a copy. */
export interface Beginning extends AsyncDisposable {
  copy(): Promise<Pair>;
}

/** Makes what the tests of a file begin with. */
export async function createBeginning(prepare: (pair: Pair) => Promise<unknown>): Promise<Beginning> {
  const [project, service] = [await createPostgresProject(), await createTestAuth(options)];
  await prepare({ project, service });
  await Promise.all([project.rest(), service.rest()]);
  return {
    copy: async () => ({
      project: await createPostgresProject(project),
      service: await createTestAuth(options, { copyOf: service }),
    }),
    async [Symbol.asyncDispose]() {
      await service[Symbol.asyncDispose]();
      await project[Symbol.asyncDispose]();
    },
  };
}
