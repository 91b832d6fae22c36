/** The name of every state that `/sign-in?preview` shows. */
export async function previewNames(url: string): Promise<string[]> {
  const text = await (await fetch(`${url}/sign-in?preview`)).text();
  return [...text.matchAll(/\?preview=([\w-]+)&amp;language/g)].map(([, name = ""]) => name);
}
