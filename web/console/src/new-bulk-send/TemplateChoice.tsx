import { useQuery } from "@apollo/client/react";
import { useDeferredValue, useState } from "react";
import { Button, ListBox, ListBoxItem, Text } from "react-aria-components";

import { EmptyState } from "../components/EmptyState";
import { SearchBox } from "../components/SearchBox";
import { type TemplateSummaryFragment, TemplatesDocument } from "../operations/generated";
import { texts } from "../texts";

const SHOWN = 50;
const WORTH_SEARCHING = 8;

interface Props {
  chosen: Pick<Partial<TemplateSummaryFragment>, "name" | "description"> & { fields?: readonly unknown[] } | null;
  onChange: (id: string | null) => void;
}

export function TemplateChoice({ chosen, onChange }: Props) {
  if (!chosen) return <Choice onChange={onChange} />;
  return (
    <div className="chosen">
      <div className="cell-name">
        <span className="strong">{chosen.name}</span>
        <span className="quiet">
          {[chosen.description, texts.create.fields(chosen.fields?.length ?? 0)].filter(Boolean).join(" · ")}
        </span>
      </div>
      <Button className="button" onPress={() => onChange(null)}>
        {texts.create.change}
      </Button>
    </div>
  );
}

function Choice({ onChange }: { onChange: (id: string) => void }) {
  const [search, setSearch] = useState("");
  const asked = useDeferredValue(search);
  const { data, loading } = useQuery(TemplatesDocument, { variables: { first: SHOWN, ...(asked && { search: asked }) } });
  const templates = data?.templates?.edges?.map((edge) => edge?.node as TemplateSummaryFragment) ?? [];
  if (!loading && templates.length === 0 && search === "") {
    return <EmptyState title={texts.create.noTemplates} hint={texts.create.noTemplatesHint} />;
  }
  return (
    <div className="stack">
      {(templates.length >= WORTH_SEARCHING || search !== "") && (
        <SearchBox label={texts.create.templateSearch} value={search} onChange={setSearch} />
      )}
      <ListBox
        className="options"
        aria-label={texts.create.template}
        items={templates}
        selectionMode="single"
        onSelectionChange={(keys) => {
          const [id] = [...(keys as Set<string>)];
          if (id) onChange(id);
        }}
      >
        {({ id, name, description, fields }) => (
          <ListBoxItem id={id} textValue={name} className="option">
            <Text slot="label" className="strong">
              {name}
            </Text>
            <Text slot="description" className="quiet">
              {[description, texts.create.fields(fields.length)].filter(Boolean).join(" · ")}
            </Text>
          </ListBoxItem>
        )}
      </ListBox>
    </div>
  );
}
