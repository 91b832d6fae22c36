import { html } from "hono/html";
import { button, form, type Html, heading, notice, type View, withTime } from "../layout.ts";
import type { Page } from "../page.ts";
import { answerOf, type Refusal } from "../refusal.ts";
import type { Caller, Visit } from "../visit.ts";

/** Where somebody is signed in. */
export const devicesPage: Page = {
  path: "/account/devices",
  isPrivate: true,
  show: (visit) => showDevices(visit),
  async submit({ call, callWithCookies, base }, typed) {
    if (typed.has("forget")) {
      // In cookie mode, so that this device goes on with the mark of its cookie.
      await callWithCookies.me.devices.forget({});
      return { to: `${base}/account/devices?done=forgotten` };
    }
    if (typed.has("remembered")) {
      await call.me.rememberedDevices.end({ id: typed.get("remembered") });
      return { to: `${base}/account/devices?done=asked` };
    }
    if (typed.has("others")) await callWithCookies.sessions.revokeOthers({});
    else await call.sessions.revoke({ id: typed.get("id") });
    return { to: `${base}/account/devices?done=ended` };
  },
  refuse: (visit, _, refusal) => showDevices(visit, refusal),
};

async function showDevices(visit: Visit, refusal?: Refusal): Promise<View> {
  const { sessions, me } = visit.call;
  return layOutDevices(
    visit,
    { devices: await sessions.list(), remembered: await me.rememberedDevices.list() },
    refusal,
  );
}

interface Devices {
  readonly devices: readonly Device[];
  readonly remembered?: readonly RememberedDevice[];
}

export function layOutDevices(visit: Visit, { devices, remembered = [] }: Devices, refusal?: Refusal): View {
  const { texts, url } = visit;
  const dones: Readonly<Record<string, string>> = {
    ended: texts.ended,
    forgotten: texts.devicesForgotten,
    asked: texts.rememberedEnded,
  };
  const done = refusal ? undefined : dones[url.searchParams.get("done") ?? ""];
  const isAlone = devices.length < 2;
  const others = isAlone
    ? html`<p class="quiet">${texts.onlyThis}</p>`
    : form(
        visit,
        "/account/devices",
        html`<input type="hidden" name="others" value="yes">${button(texts.endOthers, "second")}`,
      );
  const forget = html`<input type="hidden" name="forget" value="yes">${button(texts.forgetDevices, "second")}`;
  const forgetting = html`<section class="panel stack"><p class="quiet">${texts.forgetDevicesLead}</p>${form(visit, "/account/devices", forget)}</section>`;
  return {
    ...{ title: texts.devices, place: "devices" },
    ...answerOf(refusal),
    main: html`${heading(texts.devices, texts.devicesLead)}${notice("bad", refusal?.message)}${notice("good", done)}<section class="panel"><ul class="rows">${devices.map((device) => showDevice(visit, device))}</ul></section>${others}${showRemembered(visit, remembered)}${forgetting}`,
  };
}

type Device = Awaited<ReturnType<Caller["sessions"]["list"]>>[number];
type RememberedDevice = Awaited<ReturnType<Caller["me"]["rememberedDevices"]["list"]>>[number];

/** Devices on which the first factor is enough for a while; nothing where there are none. */
function showRemembered(visit: Visit, remembered: readonly RememberedDevice[]): Html | string {
  const { texts } = visit;
  if (remembered.length === 0) return "";
  const rows = remembered.map((device) => {
    const { id, current, address, lastUsedAt, createdAt, expiresAt } = device;
    const name = device.deviceName ?? device.device ?? texts.unknownDevice;
    const label = `${texts.endRemembered}: ${name}`;
    const end = html`<input type="hidden" name="remembered" value="${id}"><button class="button second slim" aria-label="${label}">${texts.endRemembered}</button>`;
    const tag = current ? html` <span class="tag">${texts.thisDevice}</span>` : "";
    const from = address === null ? "" : html`&nbsp;· <bdi>${address}</bdi>`;
    return html`<li><div><strong><bdi>${name}</bdi></strong>${tag}<p class="quiet small">${withTime(visit, texts.lastUsed, lastUsedAt ?? createdAt)}${from}</p><p class="quiet small">${withTime(visit, texts.rememberedUntil, expiresAt)}</p></div>${form(visit, "/account/devices", end)}</li>`;
  });
  return html`<section class="panel stack"><h2>${texts.rememberedDevices}</h2><p class="quiet">${texts.rememberedLead}</p><ul class="rows">${rows}</ul></section>`;
}

function showDevice(visit: Visit, { id, current, client, address, lastUsedAt, createdAt, ...named }: Device): Html {
  const { texts, serving } = visit;
  const name = named.deviceName ?? named.device ?? texts.unknownDevice;
  const appName = client && (serving.clients.find((app) => app.id === client.id) ?? client).name;
  const app = appName === null ? "" : html` <span class="tag"><bdi>${appName}</bdi></span>`;
  // What is to be read is to be heard, and said by who speaks to the browser (WCAG 2.5.3).
  const label = `${texts.signOut}: ${appName === null ? name : `${name}, ${appName}`}`;
  const end = html`<input type="hidden" name="id" value="${id}"><button class="button second slim" aria-label="${label}">${texts.signOut}</button>`;
  const tag = current ? html` <span class="tag">${texts.thisDevice}</span>` : "";
  const from = address === null ? "" : html`&nbsp;· <bdi>${address}</bdi>`;
  return html`<li><div><strong><bdi>${name}</bdi></strong>${app}${tag}<p class="quiet small">${withTime(visit, texts.lastUsed, lastUsedAt)}${from}</p><p class="quiet small">${withTime(visit, texts.signedInAt, createdAt)}</p></div>${current ? "" : form(visit, "/account/devices", end)}</li>`;
}
