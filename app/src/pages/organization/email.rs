//! `/organization/email`: how an organization's mail is sent.

use leptos::prelude::*;
use leptos_router::hooks::use_query_map;
use model::{
    id::OrganizationId,
    mail::{DkimView, MailRoute, MailSecurity, MailTested, MailView, OwnMail},
};

use super::{Choices, Top, choices, done_of, failed, named, scope_of, with_scope};
use crate::{
    api::{
        mail::{MakeDkim, RemoveDkim, SetMail, SwitchDkim, TestMail, view_mail},
        session::StepUp,
    },
    i18n::tr,
    ui::{
        field::{Choice, Field, PasswordField, Radio, RadioGroup},
        form::{Form, FormState, Submit, use_form},
        panel::{Loading, Notice, Panel, Tone},
        prove::{Prove, is_over, ran_out, settled},
    },
    words,
};

/// The page.
#[component]
pub fn Email() -> impl IntoView {
    let query = use_query_map();
    let scope = Memo::new(move |_| query.with(scope_of));
    let (proof, form, test) = (use_form::<StepUp>(), use_form::<SetMail>(), use_form::<TestMail>());
    let dkim = Dkim { make: use_form(), switch: use_form(), remove: use_form() };
    let versions = [
        settled(proof),
        settled(form),
        settled(dkim.make),
        settled(dkim.switch),
        settled(dkim.remove),
    ];
    let over = ran_out(test);
    let view = Resource::new_blocking(
        move || (scope.get(), versions.map(|version| version.get()), over.get()),
        |(scope, ..)| view_mail(scope),
    );
    let done = Memo::new(move |_| {
        form.done()
            || form.error().is_none()
                && test.outcome.with(Option::is_none)
                && query.with(done_of).as_deref() == Some("saved")
    });
    let choices = choices();
    let page = move || {
        Suspend::new(async move {
            match view.await {
                Ok(view) => view! { <Page view proof form test dkim done choices /> }.into_any(),
                Err(error) => failed(error),
            }
        })
    };
    view! { <Transition fallback=Loading>{page}</Transition> }
}

#[component]
fn Page(
    view: MailView,
    proof: FormState<StepUp>,
    form: FormState<SetMail>,
    test: FormState<TestMail>,
    dkim: Dkim,
    done: Memo<bool>,
    choices: Choices,
) -> impl IntoView {
    let MailView { acting, own, dkim: key, route, inherited, test_to } = view;
    let stepped_up = acting.stepped_up;
    let over = [
        is_over(form, stepped_up),
        is_over(test, stepped_up),
        is_over(dkim.make, stepped_up),
        is_over(dkim.switch, stepped_up),
        is_over(dkim.remove, stepped_up),
    ]
    .contains(&true);
    let signs = own.is_some();
    let next = with_scope("/organization/email", named(&acting));
    let organization = acting.id;
    let sends = acting.sends_mail;
    let now = match &route {
        MailRoute::Own => own.as_ref().map(|own| format!("{}:{}", own.host, own.port)),
        _ => None,
    };
    let sender = own.as_ref().map(|own| own.from_email.to_string());
    let inner = if !acting.may_edit {
        ().into_any()
    } else if stepped_up {
        view! {
            <Panel title=tr!(email.settings)>
                <Fields own scope=organization.to_string() inherited form />
            </Panel>
            {sends
                .then(|| {
                    view! {
                        <Panel title=tr!(email.test_title) hint=tr!(email.test_hint, email = test_to.to_string())>
                            <Form form=test class="form mt-4">
                                <input type="hidden" name="scope" value=organization.to_string() />
                                <div><Submit label=tr!(email.test) class="btn" /></div>
                            </Form>
                        </Panel>
                    }
                })}
            {signs.then(|| view! { <Signing key scope=organization forms=dkim /> })}
        }
        .into_any()
    } else {
        view! {
            <Panel title=tr!(email.settings)>
                <div class="mt-4"><Prove proof next over /></div>
            </Panel>
        }
        .into_any()
    };
    view! {
        <Top title=tr!(email.title) acting choices />
        <div class="mt-6 grid gap-6">
            <div role="status" class="contents">
                {move || done.get().then(|| view! { <Notice tone=Tone::Good>{tr!(email.done)}</Notice> })}
                {move || match test.outcome.get() {
                    Some(Ok(tested)) => Some(view! { <Outcome tested /> }),
                    _ => None,
                }}
            </div>
            <Panel>
                <dl class="facts mt-0">
                    <div class="fact">
                        <dt class="hint">{tr!(email.route)}</dt>
                        <dd class="min-w-0 wrap-anywhere">
                            <span class="font-semibold">{words::mail_route(&route)}</span>
                            {now.map(|now| view! { <span class="hint block">{now}</span> })}
                        </dd>
                    </div>
                    {sender
                        .map(|sender| {
                            view! {
                                <div class="fact">
                                    <dt class="hint">{tr!(email.sender)}</dt>
                                    <dd class="min-w-0 wrap-anywhere">{sender}</dd>
                                </div>
                            }
                        })}
                </dl>
            </Panel>
            {inner}
        </div>
    }
}

/// The forms about the key that mail is signed with.
#[derive(Clone, Copy)]
struct Dkim {
    make: FormState<MakeDkim>,
    switch: FormState<SwitchDkim>,
    remove: FormState<RemoveDkim>,
}

/// The key that mail is signed with: the record to publish, and what can be done about it.
#[component]
fn Signing(key: Option<DkimView>, scope: OrganizationId, forms: Dkim) -> impl IntoView {
    let whose = move || view! { <input type="hidden" name="scope" value=scope.to_string() /> };
    let inner = match key {
        None => view! {
            <Form form=forms.make class="form mt-4">
                {whose()} <div><Submit label=tr!(email.dkim_make) class="btn" /></div>
            </Form>
        }
        .into_any(),
        Some(key) => {
            let state = if !key.fits {
                (Tone::Bad, tr!(email.dkim_other, domain = key.domain))
            } else if key.active {
                (Tone::Good, tr!(email.dkim_on, domain = key.domain))
            } else {
                (Tone::Plain, tr!(email.dkim_publish).to_owned())
            };
            let (on_label, off_label) = (tr!(email.dkim_switch_on), tr!(email.dkim_switch_off));
            view! {
                <div class="mt-4"><Notice tone=state.0>{state.1}</Notice></div>
                <dl class="facts">
                    <div class="fact">
                        <dt class="hint">{tr!(email.dkim_name)}</dt>
                        <dd class="min-w-0 font-mono text-xs wrap-anywhere select-all" id="dkim-name">{key.name}</dd>
                    </div>
                    <div class="fact">
                        <dt class="hint">{tr!(email.dkim_value)}</dt>
                        <dd class="min-w-0 font-mono text-xs wrap-anywhere select-all" id="dkim-value">{key.value}</dd>
                    </div>
                </dl>
                <div class="mt-5 flex flex-wrap gap-2">
                    <Form form=forms.switch class="">
                        {whose()}
                        {(!key.active).then(|| view! { <input type="hidden" name="on" value="true" /> })}
                        <Submit label=if key.active { off_label } else { on_label } class="btn" />
                    </Form>
                    <Form form=forms.make class="">
                        {whose()} <Submit label=tr!(email.dkim_again) class="btn" />
                    </Form>
                    <Form form=forms.remove class="">
                        {whose()} <Submit label=tr!(email.dkim_remove) class="btn" />
                    </Form>
                </div>
            }
            .into_any()
        }
    };
    view! { <Panel title=tr!(email.dkim) hint=tr!(email.dkim_hint)>{inner}</Panel> }
}

/// The form.
#[component]
fn Fields(
    own: Option<OwnMail>,
    scope: String,
    inherited: MailRoute,
    form: FormState<SetMail>,
) -> impl IntoView {
    let chosen = if own.is_some() { "own" } else { "inherited" };
    let has_password = own.as_ref().is_some_and(|own| own.has_password);
    let port = own.as_ref().map_or_else(|| "587".to_owned(), |own| own.port.to_string());
    let security = own.as_ref().map_or(MailSecurity::Starttls, |own| own.security).word();
    let securities = MailSecurity::ALL
        .into_iter()
        .map(|security| (security.word(), words::mail_security(security)))
        .collect();
    let password_hint =
        if has_password { tr!(email.password_kept) } else { tr!(email.password_hint) };
    let (host, user, from_email, from_name, reply_to) = match own {
        Some(own) => (
            own.host,
            own.user.unwrap_or_default(),
            own.from_email.to_string(),
            own.from_name.map(|name| name.to_string()).unwrap_or_default(),
            own.reply_to.map(|email| email.to_string()).unwrap_or_default(),
        ),
        None => <(String, String, String, String, String)>::default(),
    };
    view! {
        <Form form class="form mt-4 max-w-lg">
            <input type="hidden" name="scope" value=scope />
            <RadioGroup name="source" label=tr!(email.source)>
                <Radio
                    name="source"
                    value="inherited"
                    chosen
                    label=tr!(email.inherited)
                    hint=words::mail_inherited(&inherited)
                />
                <Radio name="source" value="own" chosen label=tr!(email.own) hint=tr!(email.own_hint) />
            </RadioGroup>
            <Field name="host" label=tr!(email.host) hint=tr!(email.host_hint) value=host verbatim=true />
            <Field name="port" label=tr!(email.port) value=port verbatim=true />
            <Choice name="security" label=tr!(email.security) options=securities chosen=security />
            <Field
                name="user"
                label=tr!(email.user)
                hint=tr!(email.user_hint)
                value=user
                verbatim=true
            />
            <div>
                <PasswordField name="smtp_password" label=tr!(email.password) autocomplete="off" described_by="smtp-password-about" />
                <p class="hint mt-1.5" id="smtp-password-about">{password_hint}</p>
            </div>
            <Field
                name="from_email"
                label=tr!(email.from_email)
                value=from_email
                verbatim=true
            />
            <Field
                name="from_name"
                label=tr!(email.from_name)
                hint=tr!(email.from_name_hint)
                value=from_name
            />
            <Field
                name="reply_to"
                label=tr!(email.reply_to)
                hint=tr!(email.reply_to_hint)
                value=reply_to
                verbatim=true
            />
            <div><Submit label=tr!(policy.submit) /></div>
        </Form>
    }
}

/// How far a test mail came, in words, with what the mail server said.
#[component]
fn Outcome(tested: MailTested) -> impl IntoView {
    let MailTested { outcome, answer, to } = tested;
    let good = outcome == model::mail::MailTest::Accepted;
    let said = words::mail_test(outcome, &to);
    view! {
        <Notice tone=if good { Tone::Good } else { Tone::Bad }>
            <p>{said}</p>
            {(!answer.is_empty())
                .then(|| view! { <p class="mt-1 font-mono text-xs wrap-anywhere">{answer}</p> })}
        </Notice>
    }
}
