import { useQuery } from "@tanstack/react-query";
import { type ReactElement, useState } from "react";
import { useTexts } from "../language.tsx";
import { Check } from "../parts/check.tsx";
import { Field } from "../parts/field.tsx";
import { Empty, Loaded, Unread } from "../parts/state.tsx";
import { Warnings } from "../parts/warnings.tsx";
import { trpc } from "../service.ts";
import { useMay } from "../session.tsx";
import { findLinesAbout, type Setting, withoutSettings } from "./about-settings.ts";

/** What the process that answers runs with, to read. */
export function SettingsPage(): ReactElement {
  const texts = useTexts();
  const maySeeHealth = useMay("auth.view_service");
  const report = useQuery({ ...trpc.service.settings.queryOptions(), staleTime: Number.POSITIVE_INFINITY });
  const health = useQuery({
    ...trpc.service.health.queryOptions(),
    staleTime: Number.POSITIVE_INFINITY,
    enabled: maySeeHealth,
  });
  return (
    <div className="page">
      <div className="head">
        <div className="head-text">
          <h1>{texts.places.settings}</h1>
          <p className="quiet">{texts.settings.lead}</p>
        </div>
      </div>
      <Unread queries={[health]} />
      <Loaded query={report} lines={12}>
        {({ settings, warnings, notes }) => {
          const ofDoctor = [...warnings, ...(health.data?.warnings ?? [])];
          return (
            <>
              <Warnings title={texts.health.warnings} lines={withoutSettings(ofDoctor, settings)} />
              <Warnings title={texts.settings.notes} lines={withoutSettings(notes, settings)} kind="plain" />
              {settings.length === 0 ? (
                <Empty>{texts.settings.none}</Empty>
              ) : (
                <SettingsList settings={settings} warnings={ofDoctor} notes={notes} />
              )}
            </>
          );
        }}
      </Loaded>
    </div>
  );
}

interface SettingsListProps {
  readonly settings: readonly Setting[];
  /** What the service says of any of them: what should be mended, and what is worth knowing. */
  readonly warnings: readonly string[];
  readonly notes: readonly string[];
}

function SettingsList({ settings, warnings, notes }: SettingsListProps): ReactElement {
  const texts = useTexts();
  const [typed, setTyped] = useState("");
  const [isOnlySet, setOnlySet] = useState(false);
  const wanted = typed.trim().toUpperCase().replaceAll(/\s+/g, "_");
  const shown = settings.filter(({ name, isSet }) => name.includes(wanted) && (isSet || !isOnlySet));
  return (
    <>
      <search className="filters">
        <div className="grow">
          <Field name="setting" type="search" label={texts.settings.find} value={typed} onChange={setTyped} />
        </div>
        <Check isSelected={isOnlySet} onChange={setOnlySet}>
          {texts.settings.onlySet}
        </Check>
      </search>
      {shown.length === 0 ? (
        <Empty>{texts.audit.none}</Empty>
      ) : (
        <section className="card" aria-label={texts.places.settings}>
          <ul className="rows tight-rows">
            {shown.map((setting) => (
              <li key={setting.name}>
                <div>
                  <p className="name">
                    <code dir="ltr">{setting.name}</code>
                  </p>
                  <SettingValue {...setting} />
                  <Lines lines={findLinesAbout(warnings, setting.name)} className="small bad-text" />
                  <Lines lines={findLinesAbout(notes, setting.name)} className="small quiet" />
                </div>
                {setting.isSet ? (
                  <span className="tag strong">{texts.settings.set}</span>
                ) : (
                  <span className="quiet small">{texts.settings.default}</span>
                )}
              </li>
            ))}
          </ul>
        </section>
      )}
    </>
  );
}

/** As the service says them, in English. */
const Lines = ({ lines, className }: { readonly lines: readonly string[]; readonly className: string }) =>
  lines.map((line) => (
    <p key={line} className={className} lang="en" dir="ltr">
      {line}
    </p>
  ));

function SettingValue({ value, isSet, isSecret }: Setting): ReactElement {
  const texts = useTexts();
  if (isSecret && isSet) return <span className="quiet">{texts.settings.hidden}</span>;
  if (value === null) return <span className="quiet">–</span>;
  return (
    <code dir="ltr" className="setting-value">
      {value}
    </code>
  );
}
