import { Button, Input, SearchField } from "react-aria-components";

import { Icon } from "./Icon";

export function SearchBox(props: { label: string; value: string; onChange: (value: string) => void }) {
  return (
    <SearchField className="search" aria-label={props.label} value={props.value} onChange={props.onChange}>
      <Icon name="search" />
      <Input placeholder={props.label} />
      <Button className="search-clear">
        <Icon name="close" />
      </Button>
    </SearchField>
  );
}
