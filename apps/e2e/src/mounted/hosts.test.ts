import { describeHost } from "./describe-host.ts";
import { hosts } from "./hosts.ts";

Object.entries(hosts).forEach(([name, openHost], index) => {
  describeHost(name, openHost, index > 0 ? ["long"] : []);
});
