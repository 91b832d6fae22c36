import { launchScript, type Program, until, type Variables } from "../processes/service-process.ts";

/** A server of an example, as its `start` script runs it, on a free port. */
export interface ExampleProcess extends AsyncDisposable {
  readonly url: string;
}

interface Start {
  readonly script: string;
  readonly args?: readonly string[];
  readonly folder: string;
  readonly variables: Variables;
}

/** Resolves once it answers where it has written that it listens. */
export async function startExample({ script, args = [], folder, variables }: Start): Promise<ExampleProcess> {
  const program = launchScript(script, args, { folder, variables });
  const findUrl = () => /http:\/\/[\w.]+:\d+/.exec(program.stdout())?.[0];
  const answers = async (url?: string) =>
    url !== undefined &&
    fetch(url).then(
      () => true,
      () => false,
    );
  await until(async () => (await answers(findUrl())) || !program.isRunning());
  const url = program.isRunning() && findUrl();
  if (!url) throw new Error(`${script} ended: ${(await program.outcome).stderr}`);
  return { url, [Symbol.asyncDispose]: () => end(program) };
}

async function end(program: Program): Promise<void> {
  if (program.isRunning()) program.signal("SIGTERM");
  await program.outcome;
}
