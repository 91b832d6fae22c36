import { useQuery } from "@tanstack/react-query";
import { type ReactElement, useState } from "react";
import { fill, useFormats, useTexts } from "../language.tsx";
import { Card, Fact } from "../parts/card.tsx";
import { Choice } from "../parts/choice.tsx";
import { Moment } from "../parts/moment.tsx";
import { Loaded } from "../parts/state.tsx";
import { trpc } from "../service.ts";
import { Bars, type Series } from "./bars.tsx";
import { type MessageSpan, toMessageSeries } from "./message-series.ts";
import { addUp, lastDay, lastHour, listSteps } from "./steps.ts";

/** What each chart of events shows: those that are as they should be, and those that are not. */
const charts = {
  signIns: { good: ["signed_in"], bad: ["sign_in_refused", "limit_reached"] },
  codes: { good: ["code_requested"], bad: ["code_refused", "message_refused"] },
  accounts: { good: ["user_created"], bad: ["user_deleted"] },
} as const;

type EventChart = keyof typeof charts;

const minute = 60_000;

/** The last day of the service by the hour, or its last hour by five minutes. */
export function OverviewPage(): ReactElement {
  const texts = useTexts();
  const [period, setPeriod] = useState<"day" | "hour">("day");
  const overview = useQuery({ ...trpc.service.overview.queryOptions(), refetchInterval: minute });
  const { periods } = texts.overview;
  return (
    <div className="page">
      <div className="head">
        <div>
          <h1>{texts.places.overview}</h1>
          {overview.data && (
            <p className="quiet small">
              {texts.overview.at} <Moment at={overview.data.at} />
            </p>
          )}
        </div>
        <Choice
          isBare
          label={texts.overview.period}
          options={[
            { id: "day", name: periods.day },
            { id: "hour", name: periods.hour },
          ]}
          value={period}
          onChange={(value) => setPeriod(value === "hour" ? "hour" : "day")}
        />
      </div>
      <Loaded query={overview} lines={12}>
        {({ at, events, messages, outbox, lastHour, queues, hashes, connections }) => {
          const day = { events: events.map(({ hour, ...one }) => ({ ...one, from: hour })), messages, outbox };
          return (
            <div className="charts">
              <Charts at={at} period={period} {...(period === "day" ? day : lastHour)} />
              <Waiting queues={queues} />
              <Load hashes={hashes} connections={connections} />
            </div>
          );
        }}
      </Loaded>
    </div>
  );
}

interface ChartsProps {
  readonly at: string | Date;
  readonly period: "day" | "hour";
  readonly events: readonly { readonly from: string | Date; readonly event: string; readonly count: number }[];
  readonly messages: readonly MessageSpan[];
  readonly outbox: readonly { readonly from: string | Date; readonly prompt: number; readonly late: number }[];
}

function Charts({ at, period, events, messages, outbox }: ChartsProps): ReactElement {
  const texts = useTexts();
  const { hour, time } = useFormats();
  const steps = listSteps(at, period === "day" ? lastDay : lastHour);
  const labels = steps.map((step) => (period === "day" ? hour : time)(new Date(step)));
  const each = period === "day" ? 6 : 3;
  const countOf = (names: readonly string[]) =>
    addUp(
      steps,
      events.filter(({ event }) => names.includes(event)),
      ({ count }) => count,
    );
  const toSeries = (name: EventChart): readonly Series[] =>
    (["good", "bad"] as const).map((kind) => ({
      name: texts.overview.charts[name][kind],
      kind,
      values: countOf(charts[name][kind]),
    }));
  const { outbox: own } = texts.overview.charts;
  const waits: readonly Series[] = [
    { name: own.good, kind: "good", values: addUp(steps, outbox, ({ prompt }) => prompt) },
    { name: own.bad, kind: "bad", values: addUp(steps, outbox, ({ late }) => late) },
  ];
  const bars = { labels, each };
  return (
    <>
      <Bars {...bars} title={texts.overview.charts.signIns.title} series={toSeries("signIns")} />
      <Bars {...bars} title={texts.overview.charts.codes.title} series={toSeries("codes")} />
      <Bars {...bars} title={texts.places.messages} series={toMessageSeries(steps, messages, texts)} />
      <Bars {...bars} title={own.title} series={waits} />
      <Bars {...bars} title={texts.overview.charts.accounts.title} series={toSeries("accounts")} />
    </>
  );
}

interface WaitingProps {
  readonly queues: readonly {
    readonly queue: "codes" | "notices" | "webhooks";
    readonly waiting: number;
    readonly age: number;
  }[];
}

/** What waits to be sent, of all processes together. */
function Waiting({ queues }: WaitingProps): ReactElement {
  const texts = useTexts();
  const { number, duration } = useFormats();
  return (
    <Card title={texts.overview.waiting}>
      <p className="quiet small block-end">{texts.overview.waitingLead}</p>
      <dl className="facts">
        {queues.map(({ queue, waiting, age }) => (
          <Fact key={queue} name={texts.overview.queues[queue]}>
            {waiting === 0
              ? number(0)
              : fill(texts.overview.waits, { count: number(waiting), time: duration(age * 1_000) })}
          </Fact>
        ))}
      </dl>
    </Card>
  );
}

interface LoadProps {
  readonly hashes: { readonly running: number; readonly waiting: number };
  readonly connections: { readonly open: number; readonly idle: number; readonly waiting: number };
}

/** What the process that answered has in its hands. */
function Load({ hashes, connections }: LoadProps): ReactElement {
  const texts = useTexts();
  const { number } = useFormats();
  return (
    <Card title={texts.overview.load}>
      <p className="quiet small block-end">{texts.overview.loadLead}</p>
      <dl className="facts">
        <Fact name={texts.overview.hashesRunning}>{number(hashes.running)}</Fact>
        <Fact name={texts.overview.hashesWaiting}>{number(hashes.waiting)}</Fact>
        <Fact name={texts.overview.connections}>{number(connections.open - connections.idle)}</Fact>
        <Fact name={texts.overview.connectionsWaiting}>{number(connections.waiting)}</Fact>
      </dl>
    </Card>
  );
}
