//! `/organization/brand`: how an organization's front door looks, and what it says.

use leptos::prelude::*;
use leptos_router::hooks::use_query_map;
use model::{
    account::Language,
    brand::{
        Brand as Look, BrandView, Colour, Corners, LegalLinks, Letters, OwnDoor, Picture,
        PictureKind,
    },
    refusal::Problem,
};

use super::{Choices, Top, choices, done_of, failed, named, scope_of, with_scope};
use crate::{
    api::{
        brand::{RemovePicture, SetBrand, view_brand},
        session::StepUp,
    },
    i18n::tr,
    ui::{
        field::{Choice, Field},
        form::{Form, FormState, Submit, use_form},
        panel::{Loading, Notice, Panel, Tone},
        preview::{Preview, Words},
        prove::{Prove, is_over, settled},
    },
    words,
};

/// The page.
#[component]
pub fn Brand() -> impl IntoView {
    let query = use_query_map();
    let scope = Memo::new(move |_| query.with(scope_of));
    let forms = Forms { proof: use_form(), brand: use_form(), remove: use_form() };
    let versions = [settled(forms.proof), settled(forms.brand), settled(forms.remove)];
    let view = Resource::new_blocking(
        move || (scope.get(), versions.map(|version| version.get())),
        |(scope, _)| view_brand(scope),
    );
    let done = Memo::new(move |_| {
        let (saved, removed) = (forms.brand, forms.remove);
        let told = || query.with(done_of).as_deref() == Some("saved");
        saved.done() || removed.done() || saved.error().is_none() && told()
    });
    let problem = move || query.with(|query| query.get("problem").unwrap_or_default());
    let choices = choices();
    let page = move || {
        Suspend::new(async move {
            match view.await {
                Ok(view) => {
                    let problem = untrack(problem);
                    view! { <Page view forms done problem choices /> }.into_any()
                }
                Err(error) => failed(error),
            }
        })
    };
    view! { <Transition fallback=Loading>{page}</Transition> }
}

/// Every form of the page.
#[derive(Clone, Copy)]
struct Forms {
    proof: FormState<StepUp>,
    brand: FormState<SetBrand>,
    remove: FormState<RemovePicture>,
}

#[component]
fn Page(
    view: BrandView,
    forms: Forms,
    done: Memo<bool>,
    problem: String,
    choices: Choices,
) -> impl IntoView {
    let BrandView { acting, door, own } = view;
    let (proof, form) = (forms.proof, forms.brand);
    let over = is_over(form, acting.stepped_up)
        || is_over(forms.remove, acting.stepped_up)
        || problem == "proof" && !acting.stepped_up;
    let problem = Problem::of_file(&problem);
    let next = with_scope("/organization/brand", named(&acting));
    let scope = acting.id.to_string();
    let (may_edit, stepped_up) = (acting.may_edit, acting.stepped_up);
    let inner = match own {
        None => view! {
            <Panel>
                <p class="text-sm max-w-prose">
                    {tr!(brand.shared, door = door.name.to_string())}
                </p>
                <p class="hint mt-2 max-w-prose">{tr!(brand.shared_hint)}</p>
            </Panel>
        }
        .into_any(),
        Some(own) => {
            let draft = RwSignal::new(Draft::of(&own, form));
            let fields = if !may_edit {
                ().into_any()
            } else if stepped_up {
                view! {
                    <Fields own=own.clone() scope=scope.clone() form draft />
                    <Files brand=own.brand scope form=forms.remove problem />
                }
                .into_any()
            } else {
                view! {
                    <Panel title=tr!(brand.settings)>
                        <div class="mt-4"><Prove proof next over /></div>
                    </Panel>
                }
                .into_any()
            };
            view! {
                <Pictures draft door=door.href />
                {fields}
            }
            .into_any()
        }
    };
    view! {
        <Top title=tr!(brand.title) acting choices />
        <div class="mt-6 grid gap-6">
            <div role="status" class="contents">
                {move || done.get().then(|| view! { <Notice tone=Tone::Good>{tr!(brand.done)}</Notice> })}
            </div>
            {inner}
        </div>
    }
}

/// What the form says just now, as far as the pictures show it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Draft {
    name: String,
    tagline: String,
    support: String,
    primary: String,
    corners: String,
    letters: String,
    logo: Option<Picture>,
}

impl Draft {
    fn of(own: &OwnDoor, form: FormState<SetBrand>) -> Self {
        let Look { primary, corners, letters, .. } = own.brand;
        let typed = |name: &str, stored: String| form.typed(name).unwrap_or(stored);
        Self {
            name: typed("name", own.name.to_string()),
            tagline: typed("tagline", own.tagline.clone().unwrap_or_default()),
            support: typed("support_email", own.support_email.clone().unwrap_or_default()),
            primary: typed("primary", primary.map(|it| it.to_string()).unwrap_or_default()),
            corners: typed("corners", corners.word().to_owned()),
            letters: typed("letters", letters.word().to_owned()),
            logo: own.brand.logo.clone(),
        }
    }

    /// Takes note of what a field has now.
    fn note(&mut self, field: &str, value: String) {
        let place = match field {
            "name" => &mut self.name,
            "tagline" => &mut self.tagline,
            "support_email" => &mut self.support,
            "primary" => &mut self.primary,
            "corners" => &mut self.corners,
            "letters" => &mut self.letters,
            _ => return,
        };
        *place = value;
    }

    fn look(&self) -> Look {
        Look {
            primary: Colour::parse(&self.primary).ok(),
            corners: Corners::from_word(&self.corners).unwrap_or_default(),
            letters: Letters::from_word(&self.letters).unwrap_or_default(),
            logo: self.logo.clone(),
            ..Look::default()
        }
    }

    fn words(&self) -> Words {
        Words {
            name: self.name.clone(),
            tagline: self.tagline.clone(),
            support: self.support.clone(),
        }
    }
}

/// The sign-in page in small, in the light and in the dark.
#[component]
fn Pictures(draft: RwSignal<Draft>, door: String) -> impl IntoView {
    let brand = Signal::derive(move || draft.with(Draft::look));
    let words = Signal::derive(move || draft.with(Draft::words));
    let read = move || {
        let brand = draft.with(Draft::look);
        let ratio = |dark| {
            let colour = brand.colour(dark);
            format!("{:.1}", colour.contrast(colour.ink()))
        };
        tr!(brand.contrast, light = ratio(false), dark = ratio(true))
    };
    view! {
        <Panel title=tr!(brand.preview) hint=tr!(brand.preview_hint)>
            <div class="mt-4 grid gap-4 sm:grid-cols-2">
                <Preview brand words label=tr!(brand.in_the_light) />
                <Preview brand words dark=true label=tr!(brand.in_the_dark) />
            </div>
            <p class="hint mt-3">{read}</p>
            <p class="mt-3 text-sm"><a class="link" href=door rel="external">{tr!(brand.see_door)}</a></p>
        </Panel>
    }
}

/// The form.
#[component]
fn Fields(
    own: OwnDoor,
    scope: String,
    form: FormState<SetBrand>,
    draft: RwSignal<Draft>,
) -> impl IntoView {
    let OwnDoor { name, tagline, support_email, language, brand } = own;
    let spoken = brand.spoken(language);
    let Look { primary, corners, letters, links, .. } = brand;
    let LegalLinks { imprint, privacy, terms } = links;
    let languages = Language::ALL.into_iter().map(|one| (one.tag(), one.own_name())).collect();
    let all_corners =
        Corners::ALL.iter().map(|one| (one.word(), words::corners(*one))).collect::<Vec<_>>();
    let all_letters =
        Letters::ALL.iter().map(|one| (one.word(), words::letters(*one))).collect::<Vec<_>>();
    // Whatever field it is, it has a name and a value.
    let note = move |event: leptos::ev::Event| {
        let field: web_sys::HtmlInputElement = event_target(&event);
        draft.update(|draft| draft.note(&field.name(), field.value()));
    };
    view! {
        <Panel title=tr!(brand.settings)>
            <div on:input=note>
                <Form form class="form mt-4 max-w-lg">
                    <input type="hidden" name="scope" value=scope />
                    <Field name="name" label=tr!(brand.name) hint=tr!(brand.name_hint) value=name.to_string() />
                    <Field name="tagline" label=tr!(brand.tagline) hint=tr!(brand.tagline_hint) value=tagline.unwrap_or_default() />
                    <Field
                        name="primary"
                        label=tr!(brand.primary)
                        hint=tr!(brand.primary_hint)
                        value=primary.map(|colour| colour.to_string()).unwrap_or_default()
                        verbatim=true
                    />
                    <Choice name="corners" label=tr!(brand.corners) options=all_corners chosen=corners.word() />
                    <Choice name="letters" label=tr!(brand.letters) options=all_letters chosen=letters.word() />
                    <Choice name="language" label=tr!(brand.language) options=languages chosen=language.tag() />
                    <Languages spoken form />
                    <Field
                        name="support_email"
                        label=tr!(brand.support_email)
                        hint=tr!(brand.support_email_hint)
                        value=support_email.unwrap_or_default()
                        verbatim=true
                    />
                    <Field
                        name="imprint"
                        label=tr!(brand.imprint)
                        hint=tr!(brand.links_hint)
                        value=imprint.unwrap_or_default()
                        verbatim=true
                    />
                    <Field name="privacy" label=tr!(brand.privacy) value=privacy.unwrap_or_default() verbatim=true />
                    <Field name="terms" label=tr!(brand.terms) value=terms.unwrap_or_default() verbatim=true />
                    <div><Submit label=tr!(policy.submit) /></div>
                </Form>
            </div>
        </Panel>
    }
}

/// Which languages are offered.
#[component]
fn Languages(spoken: Vec<Language>, form: FormState<SetBrand>) -> impl IntoView {
    // What was ticked before the page was drawn anew, if it was.
    let fresh = form.typed("name").is_none();
    let one = move |(place, one): (usize, Language)| {
        let name = format!("languages[{place}]");
        let ticked = if fresh { spoken.contains(&one) } else { form.typed(&name).is_some() };
        view! {
            <label class="flex cursor-pointer items-start gap-2.5 py-1 text-sm" lang=one.tag()>
                <input class="checkbox checkbox-sm" type="checkbox" name=name value=one.tag() checked=ticked />
                <span class="min-w-0">{one.own_name()}</span>
            </label>
        }
    };
    view! {
        <fieldset class="grid min-w-0" aria-describedby="languages-hint">
            <legend class="label-text mb-1">{tr!(brand.languages)}</legend>
            <div class="flex flex-wrap gap-x-6">
                {Language::ALL.into_iter().enumerate().map(one).collect_view()}
            </div>
            <p class="hint mt-1" id="languages-hint">{tr!(brand.languages_hint)}</p>
        </fieldset>
    }
}

/// Logo and icon: what they are, and files to take in their place.
#[component]
fn Files(
    brand: Look,
    scope: String,
    form: FormState<RemovePicture>,
    problem: Option<Problem>,
) -> impl IntoView {
    let told = problem.map(|problem| {
        view! {
            <div role="alert" class="mt-4"><Notice tone=Tone::Bad>{words::problem(problem)}</Notice></div>
        }
    });
    let one = move |kind: PictureKind| {
        let now = brand.picture(kind).cloned();
        view! { <File kind now scope=scope.clone() form /> }
    };
    view! {
        <Panel title=tr!(brand.pictures) hint=tr!(brand.pictures_hint)>
            {told}
            <div class="forms">{PictureKind::ALL.iter().copied().map(one).collect_view()}</div>
        </Panel>
    }
}

/// One of the two.
#[component]
fn File(
    kind: PictureKind,
    now: Option<Picture>,
    scope: String,
    form: FormState<RemovePicture>,
) -> impl IntoView {
    let word = kind.word();
    let (label, hint) = words::picture(kind);
    let to = format!("/organization/brand/picture?scope={scope}&picture={word}");
    let (field, described) = (format!("file-{word}"), format!("file-{word}-hint"));
    let shown = now.map(|now| {
        let (width, height) = match kind {
            PictureKind::Logo => now.shown(),
            PictureKind::Icon => (48, 48),
        };
        let remove = words::remove_picture(kind);
        view! {
            <div class="flex flex-wrap items-center justify-between gap-4">
                <img class="brand-logo" src=now.path() alt=label width=width height=height />
                <Form form class="">
                    <input type="hidden" name="scope" value=scope />
                    <input type="hidden" name="picture" value=word />
                    <Submit label=remove class="btn" />
                </Form>
            </div>
        }
    });
    view! {
        <div class="form mt-0">
            {shown}
            // Files go as they are, with code and without it.
            <form method="post" enctype="multipart/form-data" action=to class="form mt-0 max-w-lg">
                <div class="field">
                    <label class="label-text" for=field.clone()>{label}</label>
                    <input
                        class="input w-full"
                        type="file"
                        id=field
                        name="file"
                        accept="image/png,image/jpeg,image/webp"
                        aria-describedby=described.clone()
                        required
                    />
                    <p class="hint" id=described>{hint}</p>
                </div>
                <div><button type="submit" class="btn">{tr!(import.send)}</button></div>
            </form>
        </div>
    }
}
