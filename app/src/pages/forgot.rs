//! `/forgot`: asking for a link to a new password.

use leptos::prelude::*;

use crate::{
    api::forgotten::AskForLink,
    ui::form::{Form, use_form},
};

/// The page.
#[component]
pub fn Forgot() -> impl IntoView {
    let action = ServerAction::<AskForLink>::new();
    let form = use_form(action);
    view! {
        <h1>"Forgotten password"</h1>
        <Form action>
            <label for="name">"User name or email"</label>
            <input class="input" id="name" name="name" value=form.value("name") autocomplete="username" />
            <button class="btn btn-primary">"Send the link"</button>
        </Form>
        {move || form.outcome.get().map(|outcome| format!("{outcome:?}"))}
    }
}
