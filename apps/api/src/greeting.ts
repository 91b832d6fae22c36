/** An address of this machine by its name: browsers have no passkeys at one of digits. */
export const nameLocalhost = (url: string) =>
  url.replace(/(?<=^http:\/\/)(127\.0\.0\.1|0\.0\.0\.0|\[::1?\])(?=:)/, "localhost");

interface Greeted {
  readonly printsCodes: boolean;
  /** Null where there is none. */
  readonly consoleUrl: string | null;
}

/** What whoever tries the service out reads as it starts. */
export function greeting(url: string, place: string, { printsCodes, consoleUrl }: Greeted): string {
  const byNumber = `
Sign in or register by phone number; the code is printed here, and shown at ${url}/dev/inbox:
  curl ${url}/trpc/codes.start -H 'content-type: application/json' \\
    -d '{"purpose":"enter","to":"+90 532 123 45 67"}'
`;
  return `
Latchkey listens on ${url}
Its data is in ${place}
Open it in a browser for the sign-in and account pages.
${consoleUrl ? `Administrators work at ${consoleUrl}\n` : ""}${printsCodes ? byNumber : ""}
Create the first user (in another terminal, with the same settings; it asks for the password):
  npx -y pnpm@12 latchkey create-user --username alice --own-password

Sign in:
  curl ${url}/trpc/token.obtain -H 'content-type: application/json' \\
    -d '{"username":"alice","password":"the password"}'

Stop with Ctrl-C.

`;
}
