import type { Auth } from "@latchkey/auth";
import { Command } from "commander";
import { z } from "zod";
import { showRate } from "../progress-rate.ts";
import { listNames } from "./names.ts";
import { ownPassword, readPassword } from "./password-input.ts";
import { print, withAuth } from "./with-auth.ts";

interface JsonFlag {
  readonly json?: true;
}

const json = ["--json", "print the answer as JSON"] as const;
const whom = ["<user>", "a username, phone number or e-mail address"] as const;

/** `change-password`: another password for somebody, whose sessions end. */
export function changePasswordCommand(): Command {
  return new Command("change-password")
    .description("Give a user another password and end their sessions")
    .argument(...whom)
    .option("--password-stdin", "read the password from standard input instead of asking for it")
    .option(...ownPassword)
    .option(...json)
    .action(async (user: string, flags: PasswordFlags) => {
      const password = await readPassword(flags);
      await withAuth(async (auth) => {
        const isToBeReplaced = !flags.ownPassword;
        const sessionsEnded = await auth.operator.changePassword(user, password, { isToBeReplaced });
        const next = isToBeReplaced ? " They replace it at the next sign-in." : "";
        print(flags, { sessionsEnded }, `Changed the password; ${sessionsEnded} sessions ended.${next}`);
      });
    });
}

interface PasswordFlags extends JsonFlag {
  readonly passwordStdin?: true;
  readonly ownPassword?: true;
}

/** `require-password-change`: for a password that others may know. */
export function requirePasswordChangeCommand(): Command {
  return new Command("require-password-change")
    .description("Have a user replace their password at the next sign-in, and end their sessions")
    .argument(...whom)
    .option(...json)
    .action(async (user: string, flags: JsonFlag) => {
      await withAuth(async (auth) => {
        const sessionsEnded = await auth.operator.requirePasswordChange(user);
        print(
          flags,
          { sessionsEnded },
          `They replace their password at the next sign-in; ${sessionsEnded} sessions ended.`,
        );
      });
    });
}

/** `grant` and `revoke`: a permission or a group, given or taken. */
export function grantCommand(name: "grant" | "revoke"): Command {
  return new Command(name)
    .description(name === "grant" ? "Give a user a permission or a group" : "Take a permission or a group from a user")
    .argument(...whom)
    .argument("[permission]", "such as auth.view_user")
    .option("--group <name>", "a group instead of a permission")
    .option(...json)
    .action(
      async (
        user: string,
        permission: string | undefined,
        flags: JsonFlag & { readonly group?: string },
        command: Command,
      ) => {
        const { group } = flags;
        if ((permission === undefined) === (group === undefined))
          command.error("error: name either a permission or a --group");
        await withAuth(async (auth) => {
          const what = group === undefined ? { permission: permission ?? "" } : { group };
          const grants = await auth.operator[name](user, what);
          const held = [...grants.groups.map((held) => `group ${held.name}`), ...grants.permissions];
          print(flags, grants, held.length > 0 ? `They now have: ${held.join(", ")}.` : "They now have nothing.");
        });
      },
    );
}

/** Nobody's account: what the operator reads is written down as theirs. */
const operator = { user: null, facts: { requestId: null, address: null, userAgent: null } };

interface ListFlags {
  readonly username?: string;
  readonly phone?: string;
  readonly email?: string;
  readonly limit: string;
  readonly cursor?: string;
}

/** `list-users`: a page of users, or those one of whose names begins with something. */
export function listUsersCommand(): Command {
  return new Command("list-users")
    .description("List users, the newest first")
    .option("--username <beginning>", "only usernames that begin like this, in their order")
    .option("--phone <beginning>", "only phone numbers that begin like this, or the one that is spelt like this")
    .option("--email <beginning>", "only e-mail addresses that begin like this, in their order")
    .option("--limit <number>", "how many", "25")
    .option("--cursor <text>", "where the page before ended")
    .option(...json)
    .action(async (flags: JsonFlag & ListFlags, command: Command) => {
      const limit = Number(flags.limit);
      if (!Number.isInteger(limit) || limit < 1 || limit > 1_000)
        command.error("error: --limit is a number from 1 to 1000");
      await withAuth(async (auth) => {
        const { username, phone, email, cursor } = flags;
        const search = { username, phoneNumber: phone, email, cursor, limit };
        const page = await auth.users.list(search, operator);
        const lines = page.users.map(({ username, phoneNumber, isActive, isStaff, isSuperuser }) =>
          [
            username ?? "-",
            phoneNumber ?? "-",
            isSuperuser ? "superuser" : isStaff ? "staff" : "user",
            isActive ? "active" : "inactive",
          ].join("\t"),
        );
        if (page.nextCursor) lines.push(`More with --cursor ${page.nextCursor}`);
        print(flags, page, lines.join("\n") || "There are none.");
      });
    });
}

/** `unlock`: ends the waits and the lock that guesses at somebody's password have left. */
export function unlockCommand(): Command {
  return new Command("unlock")
    .description("Let a user sign in again who is kept out by guesses at their password")
    .argument(...whom)
    .option(...json)
    .action(async (user: string, flags: JsonFlag) => {
      await withAuth(async (auth) => {
        await auth.operator.unlock(user);
        print(flags, {}, "No failed sign-in of theirs counts any more.");
      });
    });
}

/** `reset-second-factor`: for somebody who has lost their phone, and the last administrator among them. */
export function resetSecondFactorCommand(): Command {
  return new Command("reset-second-factor")
    .description("Take a user's second factors and password away and end their sessions; then create-password-code")
    .argument(...whom)
    .option(...json)
    .action(async (user: string, flags: JsonFlag) => {
      await withAuth(async (auth) => {
        const sessionsEnded = await auth.operator.resetSecondFactor(user);
        print(
          flags,
          { sessionsEnded },
          `They have no second factor any more; ${sessionsEnded} sessions ended. For a password: create-password-code.`,
        );
      });
    });
}

/** `create-password-code`: for somebody who forgot their password, and whose next one nobody else shall know. */
export function createPasswordCodeCommand(): Command {
  return new Command("create-password-code")
    .description("Print a code with which a user sets a password; an earlier one is good no more, nothing else changes")
    .argument(...whom)
    .option(...json)
    .action(async (user: string, flags: JsonFlag) => {
      await withAuth(async (auth) => {
        const code = await auth.operator.createPasswordCode(user);
        const { setPasswordCode, expiresAt } = code;
        print(flags, code, `${setPasswordCode}\nFor password.reset, once, until ${expiresAt.toISOString()}.`);
      });
    });
}

/** `list-sessions`: where somebody is signed in. */
export function listSessionsCommand(): Command {
  return new Command("list-sessions")
    .description("List where a user is signed in, the last used first")
    .argument(...whom)
    .option(...json)
    .action(async (user: string, flags: JsonFlag) => {
      await withAuth(async (auth) => {
        const sessions = await auth.operator.listSessions(user);
        const lines = sessions.map(({ id, lastUsedAt, address, device, client }) =>
          [id, lastUsedAt.toISOString(), address ?? "-", device ?? "-", ...(client ? [client.name] : [])].join("\t"),
        );
        print(flags, { sessions }, lines.join("\n") || "They are signed in nowhere.");
      });
    });
}

/** `list-pending-changes`: what of somebody's names waits. */
export function listPendingChangesCommand(): Command {
  return new Command("list-pending-changes")
    .description("List the changes of a user's number or address that wait, the first due first")
    .argument(...whom)
    .option(...json)
    .action(async (user: string, flags: JsonFlag) => {
      await withAuth(async (auth) => {
        const waiting = await auth.operator.listPendingChanges(user);
        const { changes, resetHeldUntil } = waiting;
        const lines = changes.map(({ id, kind, dueAt }) => [id, kind, dueAt.toISOString()].join("\t"));
        if (resetHeldUntil) lines.push(`The reset of their password is held until ${resetHeldUntil.toISOString()}.`);
        print(flags, waiting, lines.join("\n") || "Nothing waits.");
      });
    });
}

/** `stop-pending-change`: for an owner who asks for help in time. */
export function stopPendingChangeCommand(): Command {
  return new Command("stop-pending-change")
    .description("Stop a change of a user's number or address that waits")
    .argument(...whom)
    .argument("<id>", "of the change, as list-pending-changes prints it")
    .option(...json)
    .action(async (user: string, id: string, flags: JsonFlag, command: Command) => {
      if (!z.uuid().safeParse(id).success)
        command.error("error: the change is an id as list-pending-changes prints it");
      await withAuth(async (auth) => {
        await auth.operator.stopPendingChange(user, id);
        print(flags, {}, "Stopped it.");
      });
    });
}

/** `export-user`: everything that is kept about somebody, as one JSON file. */
export function exportUserCommand(): Command {
  return new Command("export-user")
    .description("Print everything that is kept about a user, as JSON, without secrets")
    .argument(...whom)
    .action(async (user: string) => {
      await withAuth(async (auth) => {
        process.stdout.write(`${JSON.stringify(await auth.operator.exportUser(user), null, 2)}\n`);
      });
    });
}

interface EndFlags extends JsonFlag {
  readonly session?: string;
  readonly client?: string;
  readonly all?: true;
  readonly yes?: true;
}

/** `end-sessions`: signs somebody out everywhere, or in one place, or everybody, or everybody in one app. */
export function endSessionsCommand(): Command {
  return new Command("end-sessions")
    .description("Sign a user out everywhere, or end one session, or sign everybody out, or out of one app")
    .argument("[user]", whom[1])
    .option("--session <id>", "only this one, as list-sessions names it")
    .option("--client <id>", "every session of everybody in this app of the config file")
    .option("--all", "every session of everybody; needs --yes")
    .option("--yes", "that you mean everybody")
    .option(...json)
    .action(async (user: string | undefined, flags: EndFlags, command: Command) => {
      const { session, client, all, yes } = flags;
      const named = [user !== undefined, client !== undefined, all === true].filter(Boolean);
      if (named.length !== 1) command.error("error: name either a user, --client or --all");
      if (user === undefined) {
        if (all && !yes) command.error("error: --all signs everybody out: say --yes");
        if (session !== undefined) command.error("error: --session is of one user");
        return withAuth((auth) => endAll(auth, flags));
      }
      if (session !== undefined && !z.uuid().safeParse(session).success)
        command.error("error: --session is an id as list-sessions prints it");
      await withAuth(async (auth) => {
        const ended = await auth.operator.endSessions(user, session);
        print(flags, { ended }, `${ended} sessions ended.`);
      });
    });
}

async function endAll(auth: Auth, flags: EndFlags): Promise<void> {
  const rate = showRate(undefined, undefined, "sessions");
  const ended = await auth.operator.endAllSessions({
    clientId: flags.client,
    onProgress: (done, total) => rate.show("Ending", done, total),
  });
  rate.end();
  print(flags, { ended }, `${ended} sessions ended.`);
}

interface ChangeFlags extends JsonFlag {
  readonly username?: string | false;
  readonly phone?: string | false;
  readonly email?: string | false;
}

/** `change-user`: other names for somebody. */
export function changeUserCommand(): Command {
  return new Command("change-user")
    .description("Rename a user, or change or take away their phone number or e-mail address")
    .argument(...whom)
    .option("--username <name>", "another username")
    .option("--no-username", "no username any more: they go by their phone number or e-mail address")
    .option("--phone <number>", "another phone number, which you vouch for")
    .option("--no-phone", "no phone number any more")
    .option("--email <address>", "another e-mail address, which you vouch for")
    .option("--no-email", "no e-mail address any more")
    .option(...json)
    .action(async (user: string, { username, phone, email, ...flags }: ChangeFlags, command: Command) => {
      if ([username, phone, email].every((change) => change === undefined))
        command.error("error: name what to change: --username, --phone or --email, or --no-… to take one away");
      await withAuth(async (auth) => {
        const phoneNumber = phone === false ? null : phone;
        const changed = await auth.operator.update(user, {
          username: username === false ? null : username,
          phoneNumber,
          email: email === false ? null : email,
        });
        print(flags, changed, `They are now: ${listNames(changed).join(", ")}.`);
      });
    });
}

/** `disable` and `enable`: whether somebody may sign in. */
export function enableCommand(name: "disable" | "enable"): Command {
  const isActive = name === "enable";
  return new Command(name)
    .description(isActive ? "Let a disabled user sign in again" : "Keep a user out, and end their sessions")
    .argument(...whom)
    .option(...json)
    .action(async (user: string, flags: JsonFlag) => {
      await withAuth(async (auth) => {
        const changed = await auth.operator.update(user, { isActive });
        print(flags, changed, isActive ? "They may sign in again." : "They are signed out and may not sign in.");
      });
    });
}

/** `delete-user`: it cannot be undone, so it is said twice. */
export function deleteUserCommand(): Command {
  return new Command("delete-user")
    .description("Delete a user with their sessions and rights; this cannot be undone")
    .argument(...whom)
    .requiredOption("--yes", "that you mean it")
    .option(...json)
    .action(async (user: string, flags: JsonFlag) => {
      await withAuth(async (auth) => {
        await auth.operator.delete(user);
        print(flags, {}, "Deleted.");
      });
    });
}
