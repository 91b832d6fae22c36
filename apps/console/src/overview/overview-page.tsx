import { useQuery } from "@tanstack/react-query";
import type { ReactElement } from "react";
import { useFormats, useTexts } from "../language.tsx";
import { Card, Fact } from "../parts/card.tsx";
import { Moment } from "../parts/moment.tsx";
import { Loaded } from "../parts/state.tsx";
import { trpc } from "../service.ts";
import { Bars, type Series } from "./bars.tsx";
import { countByHour, type HourCount, isUnusual, listHours } from "./by-hour.ts";

/** What each chart shows: events that are as they should be, and those that are not. */
const charts = {
  signIns: { good: ["signed_in"], bad: ["sign_in_refused", "limit_reached"] },
  codes: { good: ["code_requested"], bad: ["code_refused", "message_refused"] },
  accounts: { good: ["user_created"], bad: ["user_deleted"] },
} as const;

const minute = 60_000;

/** The last day of the service, by the hour. */
export function OverviewPage(): ReactElement {
  const texts = useTexts();
  const overview = useQuery({ ...trpc.service.overview.queryOptions(), refetchInterval: minute });
  return (
    <div className="page">
      <div className="head">
        <h1>{texts.places.overview}</h1>
        {overview.data && (
          <p className="quiet small">
            {texts.overview.at} <Moment at={overview.data.at} />
          </p>
        )}
      </div>
      <Loaded query={overview} lines={12}>
        {({ at, events, hashes, connections }) => (
          <>
            <div className="charts">
              {(Object.keys(charts) as (keyof typeof charts)[]).map((name) => (
                <Chart key={name} name={name} hours={listHours(at)} events={events} />
              ))}
              <Load hashes={hashes} connections={connections} />
            </div>
          </>
        )}
      </Loaded>
    </div>
  );
}

interface ChartProps {
  readonly name: keyof typeof charts;
  readonly hours: readonly number[];
  readonly events: readonly HourCount[];
}

function Chart({ name, hours, events }: ChartProps): ReactElement {
  const texts = useTexts();
  const { hour, number } = useFormats();
  const own = texts.overview.charts[name];
  const series: readonly Series[] = (["good", "bad"] as const).map((kind) => ({
    name: own[kind],
    kind,
    values: countByHour(hours, events, charts[name][kind]),
  }));
  const remarks = series.filter(({ values }) => isUnusual(values)).map((one) => one.name);
  return (
    <Bars
      title={own.title}
      labels={hours.map((at) => hour(new Date(at)))}
      series={series}
      remark={remarks.length > 0 ? `${texts.overview.unusual} ${remarks.join(", ")}` : undefined}
      show={number}
    />
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
