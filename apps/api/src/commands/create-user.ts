import { Command } from "commander";
import { listNames } from "./names.ts";
import { ownPassword, readPassword } from "./password-input.ts";
import { print, withAuth } from "./with-auth.ts";

interface Flags {
  readonly username?: string;
  readonly phone?: string;
  readonly email?: string;
  readonly passwordStdin?: true;
  readonly djangoHashStdin?: true;
  readonly ownPassword?: true;
  readonly json?: true;
}

/** `create-user` and `create-superuser`: an account whose phone number and e-mail address the administrator vouches for. */
export function createUserCommand(name: string, { isSuperuser }: { isSuperuser: boolean }): Command {
  return new Command(name)
    .description(`Create a ${isSuperuser ? "superuser" : "user"}`)
    .option("--username <name>", "letters, numbers, _ - and .; starts with a letter or _")
    .option("--phone <number>", 'a phone number such as "+90 532 123 45 67"')
    .option("--email <address>", "an e-mail address")
    .option("--password-stdin", "read the password from standard input instead of asking for it")
    .option("--django-hash-stdin", "read a password hash that Django made, word for word, from standard input")
    .option(...ownPassword)
    .option("--json", "print the user as JSON")
    .action(async (flags: Flags, command: Command) => {
      if ([flags.username, flags.phone, flags.email].every((name) => name === undefined))
        command.error("error: give one of --username, --phone and --email at least");
      const typed = await readPassword(flags);
      // Whoever makes a superuser at a terminal makes their own account.
      const isOwn = flags.ownPassword || (isSuperuser && !flags.passwordStdin);
      const password = flags.djangoHashStdin ? { djangoHash: typed } : typed;
      await withAuth(async (auth) => {
        const user = await auth.createUser({
          username: flags.username,
          phoneNumber: flags.phone,
          email: flags.email,
          password,
          isPasswordToBeReplaced: typeof password === "string" && !isOwn,
          isStaff: isSuperuser,
          isSuperuser,
        });
        const kind = isSuperuser ? "superuser" : "user";
        const [name, ...others] = listNames(user);
        const more = others.length > 0 ? `, who signs in as ${others.join(" or ")} too` : "";
        const next = typeof password === "string" && !isOwn ? " They replace the password at the first sign-in." : "";
        print(flags, user, `Created ${kind} ${name}${more}.${next}`);
      });
    });
}
