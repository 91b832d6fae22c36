import { readPage } from "../docs/documents.ts";

/** The one TypeScript example of the README that holds the given words, with the service at `url`. */
export async function readExample(words: string, url?: string): Promise<string> {
  return findExample("README.md", words, url);
}

/** The one TypeScript example of a page that holds the given words, with the service at `url`. */
export async function findExample(path: string, words: string, url = "http://127.0.0.1:3000"): Promise<string> {
  const { blocks } = await readPage(path);
  const [example, ...others] = blocks.filter(({ language, code }) => language === "ts" && code.includes(words));
  if (!example || others.length > 0) throw new Error(`${path} has ${others.length} more examples of: ${words}`);
  return example.code.replaceAll("http://127.0.0.1:3000", url);
}
