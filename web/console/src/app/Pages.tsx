import { Suspense, lazy } from "react";
import { Route, Switch } from "wouter";

import { BulkSendList } from "../bulk-sends/BulkSendList";
import { BulkSendPage } from "../bulk-sends/BulkSendPage";
import { EmptyState } from "../components/EmptyState";
import { texts } from "../texts";

const NewBulkSend = lazy(() => import("../new-bulk-send/NewBulkSend"));
const NewTemplate = lazy(() => import("../templates/NewTemplate"));
const TemplateList = lazy(() => import("../templates/TemplateList"));
const TemplatePage = lazy(() => import("../templates/TemplatePage"));

export function Pages() {
  return (
    <Suspense fallback={<p className="quiet">{texts.loading}</p>}>
      <Switch>
        <Route path="/" component={BulkSendList} />
        <Route path="/new" component={NewBulkSend} />
        <Route path="/bulk-sends/:id">{({ id }) => <BulkSendPage key={id} id={id} />}</Route>
        <Route path="/templates" component={TemplateList} />
        <Route path="/templates/new" component={NewTemplate} />
        <Route path="/templates/:id">{({ id }) => <TemplatePage key={id} id={id} />}</Route>
        <Route>
          <EmptyState title={texts.unknownPage} />
        </Route>
      </Switch>
    </Suspense>
  );
}
