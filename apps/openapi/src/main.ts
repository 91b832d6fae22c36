import { writeFile } from "node:fs/promises";
import { format } from "./format.ts";
import { generateDocument } from "./generate.ts";
import { files } from "./service.ts";

await writeFile(files.document, format(await generateDocument()));
console.log(`Written: ${files.document}`);
