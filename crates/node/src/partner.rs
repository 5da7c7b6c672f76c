//! `entente partner` and `entente token`: who may ask, and with what.

use std::io::{IsTerminal as _, Read as _};
use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use argon2::Argon2;
use argon2::password_hash::{PasswordHasher as _, SaltString};
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use entente_intake::acts::{CredentialAct, PartnerAct, kind};
use entente_intake::{Desk, PartnerRecord, hex, latest};
use entente_release::Nation;
use entente_release::name::Caveat;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::certificate::{Authority, Keys, Validity};
use crate::cli::{Partner, Token};
use crate::folder;
use crate::print::Printer;

/// Runs one of the commands on partners.
pub(crate) fn run(folder: &Path, command: &Partner, dry: bool, printer: Printer) -> Result<u8> {
    let mut desk = folder::open(folder)?;
    match command {
        Partner::List => list(&desk, printer),
        Partner::Show { nation } => {
            let record = desk.partner(folder::nation(nation)?)?;
            printer.either(&serde_json::to_value(&record.act)?, &[line(record)])?;
            Ok(0)
        }
        Partner::Add { nation } => {
            let nation = folder::nation(nation)?;
            if dry {
                let line = format!("{nation} would be added");
                printer
                    .either(&json!({ "nation": nation.to_string(), "dry_run": true }), &[line])?;
                return Ok(0);
            }
            add(folder, &mut desk, nation)?;
            told(desk.partner(nation)?, printer)
        }
        Partner::Suspend { nation } => standing(&mut desk, nation, ("suspended", dry), printer),
        Partner::Resume { nation } => standing(&mut desk, nation, ("active", dry), printer),
        Partner::Revoke { nation } => {
            if !dry {
                revoke_certificate(folder, &desk, folder::nation(nation)?, printer)?;
            }
            standing(&mut desk, nation, ("revoked", dry), printer)
        }
        Partner::Accept { nation, caveat } => {
            let declared = desk.policies().declared_caveats();
            if !declared.iter().any(|known| known.as_str() == caveat) {
                let known: Vec<&str> = declared.iter().map(Caveat::as_str).collect();
                bail!(
                    "nobody has declared the caveat {caveat}; declared are: {}",
                    known.join(", ")
                );
            }
            change(&mut desk, nation, dry, printer, |act| {
                if !act.caveats.contains(caveat) {
                    act.caveats.push(caveat.clone());
                }
            })
        }
        Partner::Subscribe { nation, areas } => {
            adopted(&desk, areas)?;
            change(&mut desk, nation, dry, printer, |act| {
                act.subscription = Some(areas.clone()).filter(|areas| !areas.is_empty());
            })
        }
        Partner::Certificate { nation, days } => {
            issue(folder, &mut desk, (nation, *days), (dry, printer))
        }
        Partner::Password { nation, user } => {
            password(&mut desk, (nation, user.as_deref()), (dry, printer))
        }
    }
}

/// `entente partner certificate`.
fn issue(
    folder: &Path,
    desk: &mut Desk,
    (nation, days): (&str, u32),
    (dry, printer): (bool, Printer),
) -> Result<u8> {
    let nation = folder::nation(nation)?;
    desk.partner(nation)?;
    if dry {
        let line = format!("a certificate for {nation} would be issued");
        printer.either(&json!({ "nation": nation.to_string(), "dry_run": true }), &[line])?;
        return Ok(0);
    }
    let lasts = Duration::from_hours(24 * u64::from(days));
    let paths = certificate(folder, desk, nation, lasts)?;
    let lines = [
        format!("certificate: {}", paths.0),
        format!("its key:     {}  (hand it over on a safe way, then delete it here)", paths.1),
    ];
    printer.either(&json!({ "certificate": paths.0, "key": paths.1 }), &lines)?;
    Ok(0)
}

/// `entente partner password`.
fn password(
    desk: &mut Desk,
    (nation, user): (&str, Option<&str>),
    (dry, printer): (bool, Printer),
) -> Result<u8> {
    let nation = folder::nation(nation)?;
    desk.partner(nation)?;
    let user = user.map_or_else(|| lower(nation), str::to_owned);
    let known = latest(desk.home(), kind::CREDENTIAL, |act: &CredentialAct| act.name.clone())?;
    let is_own = |act: &CredentialAct| act.nation == nation.as_str() && act.form == "password";
    if known.iter().any(|act| act.name == user && !is_own(act)) {
        bail!("{user} is the name of another credential: choose another with --user");
    }
    let (password, made) = read_password()?;
    if dry {
        let line = format!("a password of {user} would be set");
        printer.either(&json!({ "user": user, "dry_run": true }), &[line])?;
        return Ok(0);
    }
    set_password(desk, nation, &user, &password)?;
    let shown = if made { password.as_str() } else { "as given" };
    let lines = [format!("user: {user}"), format!("password: {shown}")];
    printer.either(&json!({ "user": user, "password": made.then_some(&password) }), &lines)?;
    Ok(0)
}

/// Demands that these are areas, as programme/area: a mistyped one would give nothing, silently.
fn adopted(desk: &Desk, areas: &[String]) -> Result<()> {
    let mut known = Vec::new();
    for programme in desk.policies().programmes() {
        known
            .extend(programme.areas().iter().map(|area| format!("{}/{}", programme.id(), area.id)));
    }
    match areas.iter().find(|area| !known.contains(area)) {
        Some(unknown) if known.is_empty() => bail!("{unknown} is no area: no programme is adopted"),
        Some(unknown) => {
            bail!("{unknown} is no area of an adopted programme: {}", known.join(", "))
        }
        None => Ok(()),
    }
}

/// Adds a partner, and signs its ledger from now on.
pub(crate) fn add(folder: &Path, desk: &mut Desk, nation: Nation) -> Result<()> {
    if nation == desk.here() {
        bail!("{nation} is this node's own nation: a partner is another one");
    }
    desk.add_partner(nation)?;
    folder::sign(folder, desk)
}

fn line(record: &PartnerRecord) -> String {
    let act = &record.act;
    let areas = act.subscription.as_ref().map_or("all areas".to_owned(), |a| a.join(", "));
    let caveats = if act.caveats.is_empty() { "no caveats" } else { &act.caveats.join(", ") };
    format!("{}  {}; {areas}; {caveats}", act.nation, act.standing)
}

fn told(record: &PartnerRecord, printer: Printer) -> Result<u8> {
    printer.either(&serde_json::to_value(&record.act)?, &[line(record)])?;
    Ok(0)
}

fn list(desk: &Desk, printer: Printer) -> Result<u8> {
    let mut lines: Vec<String> = desk.partners().iter().map(line).collect();
    if lines.is_empty() {
        lines.push("no partners yet: `entente partner add NATION`".to_owned());
    }
    let acts: Vec<&PartnerAct> = desk.partners().iter().map(|record| &record.act).collect();
    printer.either(&json!(acts), &lines)?;
    Ok(0)
}

fn standing(
    desk: &mut Desk,
    nation: &str,
    (to, dry_run): (&str, bool),
    printer: Printer,
) -> Result<u8> {
    change(desk, nation, dry_run, printer, |act| to.clone_into(&mut act.standing))
}

/// Puts a revoked partner's certificate on the revocation list, where the root key is at hand.
fn revoke_certificate(folder: &Path, desk: &Desk, nation: Nation, printer: Printer) -> Result<()> {
    let keys = Keys::of(folder);
    let certificate = keys.partner(nation);
    if !certificate.exists() {
        return Ok(());
    }
    if keys.root_key().exists() {
        Authority::open(&keys)?.revoke(&certificate, desk.now())?;
        return Ok(());
    }
    printer
        .line("the root key is not here: bring it back to put the certificate on the list too")?;
    Ok(())
}

fn change(
    desk: &mut Desk,
    nation: &str,
    dry_run: bool,
    printer: Printer,
    mut how: impl FnMut(&mut PartnerAct),
) -> Result<u8> {
    let nation = folder::nation(nation)?;
    if dry_run {
        let mut act = desk.partner(nation)?.act.clone();
        how(&mut act);
        printer.either(&serde_json::to_value(&act)?, &[format!("{nation} would be {act:?}")])?;
        return Ok(0);
    }
    desk.change_partner(nation, how)?;
    told(desk.partner(nation)?, printer)
}

/// Issues a client certificate and pins it; gives the paths of certificate and key.
pub(crate) fn certificate(
    folder: &Path,
    desk: &mut Desk,
    nation: Nation,
    lasts: Duration,
) -> Result<(String, String)> {
    let keys = Keys::of(folder);
    let validity = Validity::lasting(desk.now(), lasts);
    let issued = Authority::open(&keys)?.issue_client(nation, validity)?;
    keys.save_partner(nation, &issued)?;
    let expires = Some(issued.validity.not_after.unix_micros());
    let name =
        format!("{}-certificate-{}", lower(nation), hex(issued.sha256.get(..4).unwrap_or(&[])));
    let hash = hex(&issued.sha256);
    record(desk, nation, ("certificate", &name), hash, (true, None, expires))?;
    let show = |path: std::path::PathBuf| path.display().to_string();
    Ok((show(keys.partner(nation)), show(keys.partner_key(nation))))
}

fn lower(nation: Nation) -> String {
    nation.to_string().to_lowercase()
}

type Reach = (bool, Option<Vec<String>>, Option<i64>);

fn record(
    desk: &mut Desk,
    nation: Nation,
    (form, name): (&str, &str),
    hash: String,
    (write, collections, expires): Reach,
) -> Result<()> {
    desk.partner(nation)?;
    let act = CredentialAct {
        name: name.to_owned(),
        nation: nation.to_string(),
        form: form.to_owned(),
        hash,
        read: true,
        write,
        collections,
        expires,
        active: true,
    };
    desk.record(kind::CREDENTIAL, &act)?;
    Ok(())
}

fn read_password() -> Result<(String, bool)> {
    let mut input = std::io::stdin();
    if input.is_terminal() {
        return Ok((secret()?, true));
    }
    let mut text = String::new();
    input.read_to_string(&mut text).context("the password could not be read")?;
    let text = text.trim_end_matches(['\r', '\n']).to_owned();
    match text.chars().count() {
        0 => Ok((secret()?, true)),
        12.. => Ok((text, false)),
        _ => bail!("the password is too short: use at least 12 characters"),
    }
}

/// 192 random bits as text.
pub(crate) fn secret() -> Result<String> {
    Ok(BASE64_URL_SAFE_NO_PAD.encode(folder::random::<24>()?))
}

/// Sets a partner's password.
pub(crate) fn set_password(
    desk: &mut Desk,
    nation: Nation,
    user: &str,
    password: &str,
) -> Result<()> {
    let salt = SaltString::encode_b64(&folder::random::<16>()?);
    let salt = salt.map_err(|cause| anyhow::anyhow!("no salt could be made: {cause}"))?;
    let hash = Argon2::default().hash_password(password.as_bytes(), &salt);
    let hash = hash.map_err(|cause| anyhow::anyhow!("the password was not hashed: {cause}"))?;
    record(desk, nation, ("password", user), hash.to_string(), (true, None, None))
}

/// Runs one of the commands on tokens.
pub(crate) fn run_token(
    folder: &Path,
    command: &Token,
    dry_run: bool,
    printer: Printer,
) -> Result<u8> {
    let mut desk = folder::open(folder)?;
    let known = latest(desk.home(), kind::CREDENTIAL, |act: &CredentialAct| act.name.clone())?;
    match command {
        Token::Issue { nation, name, write, collections, days } => {
            let nation = folder::nation(nation)?;
            let token = format!("entente_{}", secret()?);
            let hash = hex(&Sha256::digest(&token));
            let default = || format!("{}-token-{}", lower(nation), hash.get(..8).unwrap_or("1"));
            let name = name.clone().unwrap_or_else(default);
            if known.iter().any(|act| act.name == name) {
                bail!("{name} is the name of another credential: choose another with --name");
            }
            adopted(&desk, collections)?;
            desk.partner(nation)?;
            if dry_run {
                let line = format!("a token {name} would be issued to {nation}");
                printer.either(&json!({ "name": name, "dry_run": true }), &[line])?;
                return Ok(0);
            }
            let lasts = Duration::from_hours(24 * u64::from(*days));
            let expires = Some(desk.now().saturating_add(lasts).unix_micros());
            let only = Some(collections.clone()).filter(|only| !only.is_empty());
            record(&mut desk, nation, ("token", &name), hash, (*write, only, expires))?;
            let lines = [format!("name: {name}"), format!("token, shown once: {token}")];
            printer.either(&json!({ "name": name, "token": token }), &lines)?;
        }
        Token::List => {
            let row = |act: &CredentialAct| {
                let mut row = serde_json::to_value(act).unwrap_or(Value::Null);
                if let Some(row) = row.as_object_mut() {
                    row.remove("hash");
                }
                row
            };
            let line = |act: &CredentialAct| {
                let state = if act.active { "" } else { "  (revoked)" };
                format!("{:<28} {}  {}{state}", act.name, act.nation, act.form)
            };
            let lines: Vec<String> = known.iter().map(line).collect();
            printer.either(&known.iter().map(row).collect(), &lines)?;
        }
        Token::Revoke { name } => {
            let act = known.into_iter().find(|act| act.name == *name);
            let act = act.with_context(|| format!("no credential is called {name}"))?;
            if !dry_run {
                desk.record(kind::CREDENTIAL, &CredentialAct { active: false, ..act })?;
            }
            printer.either(
                &json!({ "revoked": name, "dry_run": dry_run }),
                &[format!("{name} counts no more")],
            )?;
        }
    }
    Ok(0)
}
