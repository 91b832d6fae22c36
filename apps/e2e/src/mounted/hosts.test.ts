import { describeHost } from "./describe-host.ts";
import { hosts } from "./hosts.ts";

for (const [name, openHost] of Object.entries(hosts)) describeHost(name, openHost);
