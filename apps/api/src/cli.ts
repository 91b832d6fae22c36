#!/usr/bin/env node
import { Command } from "commander";
import { auditCommand } from "./commands/audit.ts";
import { backupCommand, restoreCommand } from "./commands/backup.ts";
import { createUserCommand } from "./commands/create-user.ts";
import { doctorCommand } from "./commands/doctor.ts";
import { exportErasuresCommand, replayErasuresCommand } from "./commands/erasures.ts";
import { exportCommand } from "./commands/export.ts";
import { grantsCommand } from "./commands/grants.ts";
import { changeGroupCommand, createGroupCommand, deleteGroupCommand, listGroupsCommand } from "./commands/groups.ts";
import { importCommand } from "./commands/import.ts";
import { jwksCommand } from "./commands/jwks.ts";
import { purgeCommand, syncPermissionsCommand } from "./commands/maintenance.ts";
import { messagesCommand } from "./commands/messages.ts";
import { migrateCommand } from "./commands/migrate.ts";
import { resealCommand } from "./commands/reseal.ts";
import { rotateKeysCommand } from "./commands/rotate-keys.ts";
import { sendTestCommand } from "./commands/send-test.ts";
import {
  changePasswordCommand,
  changeUserCommand,
  createPasswordCodeCommand,
  deleteUserCommand,
  enableCommand,
  endSessionsCommand,
  exportUserCommand,
  grantCommand,
  listPendingChangesCommand,
  listSessionsCommand,
  listUsersCommand,
  requirePasswordChangeCommand,
  resetSecondFactorCommand,
  stopPendingChangeCommand,
  unlockCommand,
} from "./commands/users.ts";
import { webhooksCommand } from "./commands/webhooks.ts";
import { exitCodes, followOutput, reportFailure } from "./exit-codes.ts";

followOutput();

const program = new Command("latchkey")
  .description("Administers Latchkey. It works while the service runs, on the same database.")
  .addCommand(createUserCommand("create-user", { isSuperuser: false }))
  .addCommand(createUserCommand("create-superuser", { isSuperuser: true }))
  .addCommand(changePasswordCommand())
  .addCommand(requirePasswordChangeCommand())
  .addCommand(createPasswordCodeCommand())
  .addCommand(listUsersCommand())
  .addCommand(changeUserCommand())
  .addCommand(enableCommand("disable"))
  .addCommand(enableCommand("enable"))
  .addCommand(deleteUserCommand())
  .addCommand(listGroupsCommand())
  .addCommand(createGroupCommand())
  .addCommand(changeGroupCommand())
  .addCommand(deleteGroupCommand())
  .addCommand(grantCommand("grant"))
  .addCommand(grantCommand("revoke"))
  .addCommand(listSessionsCommand())
  .addCommand(listPendingChangesCommand())
  .addCommand(stopPendingChangeCommand())
  .addCommand(exportUserCommand())
  .addCommand(endSessionsCommand())
  .addCommand(resetSecondFactorCommand())
  .addCommand(unlockCommand())
  .addCommand(sendTestCommand())
  .addCommand(messagesCommand())
  .addCommand(webhooksCommand())
  .addCommand(backupCommand())
  .addCommand(restoreCommand())
  .addCommand(exportErasuresCommand())
  .addCommand(replayErasuresCommand())
  .addCommand(importCommand())
  .addCommand(exportCommand())
  .addCommand(migrateCommand())
  .addCommand(grantsCommand())
  .addCommand(syncPermissionsCommand())
  .addCommand(purgeCommand())
  .addCommand(rotateKeysCommand())
  .addCommand(resealCommand())
  .addCommand(jwksCommand())
  .addCommand(auditCommand())
  .addCommand(doctorCommand())
  .showHelpAfterError("Add --help to see what it takes.")
  .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : exitCodes.usage));

inheritSettings(program);

function inheritSettings(parent: Command): void {
  for (const command of parent.commands) inheritSettings(command.copyInheritedSettings(parent));
}

try {
  await program.parseAsync();
} catch (error) {
  process.exitCode = reportFailure(error);
}
