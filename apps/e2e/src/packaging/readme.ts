import { readFile } from "node:fs/promises";

const readme = await readFile(new URL("../../../../README.md", import.meta.url), "utf8");
const examples = [...readme.matchAll(/^```ts\n(?<code>.*?)^```$/gms)].map(({ groups }) => groups?.code ?? "");

/** The one TypeScript example of the README that holds the given words, with the service at `url`. */
export function readExample(words: string, url = "http://127.0.0.1:3000"): string {
  const [example, ...others] = examples.filter((code) => code.includes(words));
  if (!example || others.length > 0) throw new Error(`The README has ${others.length} more examples of: ${words}`);
  return example.replaceAll("http://127.0.0.1:3000", url);
}
