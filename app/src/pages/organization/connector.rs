//! `/organization/connectors/{id}`: one downstream system: how it stands, its settings, and the end
//! of it.

use leptos::prelude::*;
use leptos_router::hooks::{use_params_map, use_query_map};
use model::{
    Refusal,
    connector::{ConnectorRow, ConnectorView, Field as Setting},
    id::ConnectorId,
    organization::Acting,
};

use super::{
    connector_form::{Progress, Settings},
    connectors::State,
    done_of, failed, named, with_scope,
};
use crate::{
    api::{
        ApiError,
        connectors::{
            RemoveConnector, SetConnector, SwitchConnector, TestConnector, view_connector,
        },
        session::StepUp,
    },
    i18n::tr,
    ui::{
        field::Field,
        form::{Form, FormState, Submit, use_form},
        icon::{Glyph, Icon},
        page::PageTitle,
        panel::{Loading, Notice, Panel, Tone},
        prove::{Prove, is_over, settled},
        time::Time,
    },
    words::{self, connectors as said},
};

/// Every form of the page.
#[derive(Clone, Copy)]
struct Forms {
    proof: FormState<StepUp>,
    set: FormState<SetConnector>,
    test: FormState<TestConnector>,
    switch: FormState<SwitchConnector>,
    remove: FormState<RemoveConnector>,
}

impl Forms {
    /// Whether one was refused because the proof had run out.
    fn over(self, stepped_up: bool) -> bool {
        [
            is_over(self.set, stepped_up),
            is_over(self.test, stepped_up),
            is_over(self.switch, stepped_up),
            is_over(self.remove, stepped_up),
        ]
        .contains(&true)
    }

    /// Whether something was refused since the page was shown.
    fn failed(self) -> bool {
        [self.set.error(), self.test.error(), self.switch.error(), self.remove.error()]
            .iter()
            .any(Option::is_some)
    }
}

/// The connector that the address names.
pub fn use_connector() -> Memo<Option<ConnectorId>> {
    let params = use_params_map();
    Memo::new(move |_| params.with(|params| params.get("id")?.parse::<ConnectorId>().ok()))
}

/// The page.
#[component]
pub fn Connector() -> impl IntoView {
    let query = use_query_map();
    let id = use_connector();
    let forms = Forms {
        proof: use_form(),
        set: use_form(),
        test: use_form(),
        switch: use_form(),
        remove: use_form(),
    };
    // A connector that was just removed is not asked for again.
    let settled =
        [settled(forms.proof), settled(forms.set), settled(forms.test), settled(forms.switch)];
    let done = Memo::new(move |_| query.with(done_of).filter(|_| !forms.failed()));
    let view = Resource::new_blocking(
        move || (id.get(), settled.map(|settled| settled.get())),
        |(id, _)| async move {
            match id {
                Some(id) => view_connector(id).await,
                None => Err(ApiError::Refused(Refusal::NotFound)),
            }
        },
    );
    let page = move || {
        Suspend::new(async move {
            match view.await {
                Ok(view) => view! { <Page view forms done /> }.into_any(),
                Err(error) => failed(error),
            }
        })
    };
    view! { <Transition fallback=Loading>{page}</Transition> }
}

#[component]
fn Page(view: ConnectorView, forms: Forms, done: Memo<Option<String>>) -> impl IntoView {
    let ConnectorView { acting, row, kind, settings, secrets } = view;
    let Acting { stepped_up, may_edit, .. } = acting;
    let over = forms.over(stepped_up);
    let id = row.id;
    let next = format!("/organization/connectors/{id}");
    let scope = named(&acting);
    let hint = format!("{} · {}", kind.name, acting.name);
    let lists = kind.lists;
    let added = move || done.get().as_deref() == Some("added");
    let inner = if !may_edit {
        view! { <Panel title=tr!(connector.settings)><Facts settings secrets /></Panel> }.into_any()
    } else if stepped_up {
        let (name, typed) = (row.name.to_string(), row.name.to_string());
        view! {
            <Panel title=tr!(connector.settings) hint=tr!(connector.tested_first)>
                <Form form=forms.set class="form mt-4 max-w-lg">
                    <input type="hidden" name="connector" value=id.to_string() />
                    <Settings name=Some(name) asks=kind.asks values=settings secrets />
                    <div><Submit label=tr!(connector.test_and_save) /></div>
                </Form>
            </Panel>
            <Switch id enabled=row.enabled form=forms.switch />
            <Remove id name=typed accounts=row.accounts form=forms.remove />
        }
        .into_any()
    } else {
        view! {
            <Panel title=tr!(connector.settings)>
                <Facts settings secrets />
                <div class="mt-5"><Prove proof=forms.proof next over /></div>
            </Panel>
        }
        .into_any()
    };
    let tests = (may_edit && stepped_up).then(|| {
        view! {
            <Form form=forms.test class="contents">
                <input type="hidden" name="connector" value=id.to_string() />
                <Submit label=tr!(connector.test) class="btn" />
            </Form>
        }
    });
    view! {
        <a class="back" href=with_scope("/organization/connectors", scope)>
            <Glyph icon=Icon::Back class="size-4" />
            {tr!(connector.title)}
        </a>
        <div class="mt-3"><PageTitle title=row.name.to_string() hint=Some(hint) /></div>
        {move || added().then(|| view! { <Progress current=2 /> })}
        <div class="mt-6 grid gap-6">
            <Said row=row.clone() done />
            <Panel>
                <Standing row=row.clone() />
                <div class="mt-5 flex flex-wrap gap-2">
                    {(may_edit && lists)
                        .then(|| {
                            let to = format!("/organization/connectors/{id}/import");
                            let class = move || if added() { "btn btn-primary" } else { "btn" };
                            view! { <a class=class href=to>{tr!(connector.import)}</a> }
                        })}
                    // Names may be long.
                    <a class="btn h-auto min-h-10 max-w-full py-2 whitespace-normal wrap-anywhere" href=format!("/customers?connector={id}")>
                        {tr!(connector.view_customers, system = row.name.to_string())}
                    </a>
                    {tests}
                </div>
            </Panel>
            {inner}
        </div>
    }
}

/// What was just done.
#[component]
fn Said(row: ConnectorRow, done: Memo<Option<String>>) -> impl IntoView {
    let tested = row.tested.map(|tested| tested.outcome);
    let notice = move || {
        let found = tested.as_ref().map(said::outcome).unwrap_or_default();
        let worked = tested.as_ref().is_none_or(Result::is_ok);
        let (tone, text) = match done.get().as_deref() {
            Some("added") => (Tone::Good, tr!(connector.done_added, found = found)),
            Some("saved") => (Tone::Good, tr!(connector.done_saved).to_owned()),
            Some("tested") if worked => (Tone::Good, tr!(connector.done_tested, found = found)),
            Some("tested") => (Tone::Bad, found),
            Some("enabled") => (Tone::Good, tr!(connector.done_enabled).to_owned()),
            Some("disabled") => (Tone::Good, tr!(connector.done_disabled).to_owned()),
            _ => return None,
        };
        Some(view! { <Notice tone>{text}</Notice> })
    };
    view! { <div role="status" class="contents">{notice}</div> }
}

/// How it stands.
#[component]
fn Standing(row: ConnectorRow) -> impl IntoView {
    let tested = row.tested.clone();
    let version = tested.as_ref().and_then(|tested| tested.outcome.as_ref().ok()?.version.clone());
    let accounts = words::number(row.accounts);
    view! {
        <dl class="facts mt-0">
            <div class="fact">
                <dt class="hint">{tr!(customers.state)}</dt>
                <dd class="min-w-0">
                    <State row=row.clone() />
                    {row
                        .rests_until
                        .map(|until| {
                            view! {
                                <span class="hint block">{tr!(connector.rests)} " " <Time at=until /></span>
                            }
                        })}
                </dd>
            </div>
            {tested
                .map(|tested| {
                    view! {
                        <div class="fact">
                            <dt class="hint">{tr!(connector.last_test)}</dt>
                            <dd class="min-w-0">
                                <span class="block">{said::outcome(&tested.outcome)}</span>
                                {version.map(|version| view! { <span class="hint block">{version}</span> })}
                                <span class="hint block"><Time at=tested.at /></span>
                            </dd>
                        </div>
                    }
                })}
            <div class="fact">
                <dt class="hint">{tr!(connector.linked_accounts)}</dt>
                <dd class="num min-w-0">{accounts}</dd>
            </div>
        </dl>
    }
}

/// The settings, to be read.
#[component]
fn Facts(settings: Vec<(Setting, String)>, secrets: Vec<Setting>) -> impl IntoView {
    let secrets = secrets.into_iter().map(|field| (field, tr!(connector.secret_set).to_owned()));
    let lines = settings
        .into_iter()
        .chain(secrets)
        .map(|(field, value)| {
            let value = match field {
                Setting::Keys => model::connector::KeyEffect::from_word(&value)
                    .map_or(value, |keys| said::key_effect(keys).to_owned()),
                _ => value,
            };
            view! {
                <div class="fact">
                    <dt class="hint">{said::field(field)}</dt>
                    <dd class="min-w-0 wrap-anywhere">{value}</dd>
                </div>
            }
        })
        .collect_view();
    view! { <dl class="facts">{lines}</dl> }
}

/// Taking it out of use, or into use again.
#[component]
fn Switch(id: ConnectorId, enabled: bool, form: FormState<SwitchConnector>) -> impl IntoView {
    let (title, hint, label) = if enabled {
        (tr!(connector.disable_title), tr!(connector.disable_hint), tr!(connector.disable))
    } else {
        (tr!(connector.enable_title), tr!(connector.enable_hint), tr!(connector.enable))
    };
    view! {
        <Panel title hint>
            <Form form class="form mt-4">
                <input type="hidden" name="connector" value=id.to_string() />
                <input type="hidden" name="enabled" value=(!enabled).to_string() />
                <div><Submit label class="btn" /></div>
            </Form>
        </Panel>
    }
}

/// Removing it: what will happen, and the name typed to confirm.
#[component]
fn Remove(
    id: ConnectorId,
    name: String,
    accounts: u32,
    form: FormState<RemoveConnector>,
) -> impl IntoView {
    view! {
        <Panel title=tr!(connector.remove_title)>
            <ul class="advice">
                <li>{tr!(connector.remove_links, count = words::number(accounts))}</li>
                <li>{tr!(connector.remove_there)}</li>
                <li>{tr!(connector.remove_again)}</li>
            </ul>
            <Form form class="form mt-4 max-w-lg">
                <input type="hidden" name="connector" value=id.to_string() />
                <Field
                    name="typed"
                    label=tr!(connector.remove_typed)
                    hint=tr!(care.delete_typed_hint, name = name)
                    verbatim=true
                />
                <div><Submit label=tr!(connector.remove) class="btn btn-error" /></div>
            </Form>
        </Panel>
    }
}
