import { Button, Label, ListBox, ListBoxItem, Popover, Select, SelectValue } from "react-aria-components";

import { Icon } from "./Icon";

interface Option {
  id: string;
  label: string;
}

/** One of many values, in a list that opens. */
export function Choose(props: {
  label: string;
  note?: string;
  options: readonly Option[];
  value: string;
  onChange: (id: string) => void;
}) {
  return (
    <Select className="select" value={props.value} onChange={(key) => props.onChange(String(key))}>
      <Label>
        {props.label} {props.note && <span className="quiet">{props.note}</span>}
      </Label>
      <Button className="select-button">
        <SelectValue />
        <Icon name="down" />
      </Button>
      <Popover className="popover">
        <ListBox className="menu" items={props.options}>
          {({ id, label }) => (
            <ListBoxItem id={id} className="menu-item">
              {label}
            </ListBoxItem>
          )}
        </ListBox>
      </Popover>
    </Select>
  );
}
