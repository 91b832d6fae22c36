import { postpack, prepack } from "./prepack.ts";

/** `node hook.ts prepack|postpack`, in the folder of a package. */
const hooks: Readonly<Record<string, (folder: string) => Promise<void>>> = { prepack, postpack };

await hooks[process.argv[2] ?? ""]?.(process.cwd());
