import { useQuery } from "@apollo/client/react";
import { Button, Menu, MenuItem, MenuTrigger, Popover } from "react-aria-components";

import { Icon } from "../components/Icon";
import { ViewerDocument } from "../operations/generated";
import { signOut } from "../session";
import type { Settings } from "../settings";
import { texts } from "../texts";

export default function AccountMenu({ settings }: { settings: Settings }) {
  const { data } = useQuery(ViewerDocument);
  const organization = data?.viewer?.organization?.name ?? "";
  return (
    <MenuTrigger>
      <Button className="account" aria-label={texts.session.account(organization)}>
        <span className="account-name">{organization}</span>
        <Icon name="down" />
      </Button>
      <Popover className="popover" placement="bottom end">
        <Menu className="menu" aria-label={texts.session.account(organization)}>
          {settings.outbox && (
            <MenuItem href={settings.outbox} target="_blank" className="menu-item">
              {texts.nav.outbox}
            </MenuItem>
          )}
          {settings.graphiql && (
            <MenuItem href={settings.graphiql} target="_blank" className="menu-item">
              {texts.nav.graphiql}
            </MenuItem>
          )}
          <MenuItem onAction={signOut} className="menu-item" textValue={texts.session.signOut}>
            {texts.session.signOut}
            <span className="quiet">{texts.session.apiKey(data?.viewer?.apiKey?.name ?? "")}</span>
          </MenuItem>
        </Menu>
      </Popover>
    </MenuTrigger>
  );
}
