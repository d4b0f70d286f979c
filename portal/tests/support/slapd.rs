//! A real directory for tests: Debian's slapd, unprivileged, in a folder of its own that vanishes
//! with it, on free ports of 127.0.0.1, with a password policy and certificates of an authority of
//! its own.

use std::{
    fs,
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use tempfile::TempDir;

/// Below which entry everything lies.
pub const SUFFIX: &str = "dc=acme,dc=example";
/// Below which entry people are found.
pub const PEOPLE: &str = "ou=people,dc=acme,dc=example";
/// May set passwords, like Rekey. It is not the server's `rootdn`, for which no policy holds.
pub const SERVICE: &str = "cn=rekey,ou=services,dc=acme,dc=example";
/// May look, and do nothing.
pub const ONLOOKER: &str = "cn=onlooker,ou=services,dc=acme,dc=example";
/// The password of both.
pub const SERVICE_PASSWORD: &str = "trust nobody but me";
/// The password that everybody has at first.
pub const FIRST_PASSWORD: &str = "once upon a time";

/// Wrong passwords until an account is locked.
pub const MOST_FAILURES: usize = 3;

const CONFIG: &str = r#"
include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/inetorgperson.schema
modulepath /usr/lib/ldap
moduleload back_mdb
moduleload ppolicy
# What Active Directory keeps of an account, as far as Rekey asks for it. (Its own schema, as Debian
# has it, knows no way to look for these.)
attributetype ( 1.2.840.113556.1.4.221 NAME 'sAMAccountName'
    EQUALITY caseIgnoreMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 SINGLE-VALUE )
attributetype ( 1.2.840.113556.1.4.782 NAME 'objectCategory'
    EQUALITY caseIgnoreMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 SINGLE-VALUE )
attributetype ( 1.2.840.113556.1.4.2 NAME 'objectGUID'
    SYNTAX 1.3.6.1.4.1.1466.115.121.1.40 SINGLE-VALUE )
attributetype ( 1.2.840.113556.1.4.8 NAME 'userAccountControl'
    SYNTAX 1.3.6.1.4.1.1466.115.121.1.27 SINGLE-VALUE )
attributetype ( 1.2.840.113556.1.4.90 NAME 'unicodePwd'
    SYNTAX 1.3.6.1.4.1.1466.115.121.1.40 SINGLE-VALUE )
attributetype ( 1.2.840.113556.1.4.96 NAME 'pwdLastSet'
    SYNTAX 1.3.6.1.4.1.1466.115.121.1.27 SINGLE-VALUE )
attributetype ( 1.2.840.113556.1.4.662 NAME 'lockoutTime'
    SYNTAX 1.3.6.1.4.1.1466.115.121.1.27 SINGLE-VALUE )
attributetype ( 1.2.840.113556.1.4.1696 NAME 'lastLogonTimestamp'
    SYNTAX 1.3.6.1.4.1.1466.115.121.1.27 SINGLE-VALUE )
objectclass ( 1.2.840.113556.1.5.9 NAME 'user' SUP top AUXILIARY MAY ( sAMAccountName $
    objectCategory $ objectGUID $ userAccountControl $ unicodePwd $ pwdLastSet $ lockoutTime $
    lastLogonTimestamp ) )
pidfile {folder}/slapd.pid
argsfile {folder}/slapd.args
TLSCACertificateFile {folder}/ca.pem
TLSCertificateFile {folder}/server.pem
TLSCertificateKeyFile {folder}/server.key
# A password is never taken without encryption: security strength factor, RFC 4511's 13.
security simple_bind=128 update_ssf=128

database mdb
suffix "dc=acme,dc=example"
rootdn "cn=root,dc=acme,dc=example"
directory {folder}/data
maxsize 16777216
dbnosync
lastbind on
# Not even a list of people without pages.
sizelimit 5
# As docs/connectors.md says that it should be.
limits dn.exact="cn=rekey,ou=services,dc=acme,dc=example" size.prtotal=unlimited
access to dn.subtree="ou=people,dc=acme,dc=example" attrs=userPassword
    by dn.exact="cn=rekey,ou=services,dc=acme,dc=example" =w
    by anonymous auth
    by * none
access to dn.subtree="ou=people,dc=acme,dc=example" attrs=pwdReset,unicodePwd,pwdLastSet,lockoutTime
    by dn.exact="cn=rekey,ou=services,dc=acme,dc=example" write
access to dn.subtree="ou=people,dc=acme,dc=example"
    by dn.exact="cn=rekey,ou=services,dc=acme,dc=example" read
    by dn.exact="cn=onlooker,ou=services,dc=acme,dc=example" read
access to attrs=userPassword
    by anonymous auth
access to *
    by users read
overlay ppolicy
ppolicy_default "cn=default,ou=policies,dc=acme,dc=example"
"#;

const TREE: &str = "dn: dc=acme,dc=example
objectClass: dcObject
objectClass: organization
dc: acme
o: Acme

dn: ou=people,dc=acme,dc=example
objectClass: organizationalUnit
ou: people

dn: ou=services,dc=acme,dc=example
objectClass: organizationalUnit
ou: services

dn: ou=policies,dc=acme,dc=example
objectClass: organizationalUnit
ou: policies

dn: cn=default,ou=policies,dc=acme,dc=example
objectClass: device
objectClass: pwdPolicy
cn: default
pwdAttribute: userPassword
pwdMinLength: 10
pwdCheckQuality: 2
pwdInHistory: 3
pwdLockout: TRUE
pwdMaxFailure: 3
pwdMustChange: TRUE

dn: cn=rekey,ou=services,dc=acme,dc=example
objectClass: device
objectClass: simpleSecurityObject
cn: rekey
userPassword: trust nobody but me

dn: cn=onlooker,ou=services,dc=acme,dc=example
objectClass: device
objectClass: simpleSecurityObject
cn: onlooker
userPassword: trust nobody but me
";

/// Somebody in the directory.
#[derive(Debug, Clone, Copy)]
pub struct Person {
    /// The account's name, `uid`.
    pub uid: &'static str,
    /// The entry's own name below [`PEOPLE`], as it is written in a DN.
    pub rdn: &'static str,
    /// Further lines of the entry, as in a file of LDIF; further classes come first.
    pub lines: &'static str,
}

/// A directory that runs.
pub struct Slapd {
    process: Option<Child>,
    folder: TempDir,
    /// Where encryption is asked for (STARTTLS).
    pub port: u16,
    /// Where it is encrypted from the first byte.
    pub tls_port: u16,
}

impl Slapd {
    /// Starts one in which these people are.
    pub async fn start(people: &[Person]) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path();
        certificates(path);
        fs::create_dir(path.join("data")).expect("a folder");
        let config = CONFIG.replace("{folder}", path.to_str().expect("a path in UTF-8"));
        fs::write(path.join("slapd.conf"), config).expect("its settings");
        let entries = people.iter().map(|Person { uid, rdn, lines }| {
            format!(
                "\ndn: {rdn},{PEOPLE}\nobjectClass: inetOrgPerson\n{lines}uid: {uid}\nsn: {uid}\n\
                 userPassword: {FIRST_PASSWORD}\n"
            )
        });
        let ldif = TREE.to_owned() + &entries.collect::<String>();
        fs::write(path.join("tree.ldif"), ldif).expect("its entries");
        let loaded = program("slapadd")
            .arg("-q")
            .arg("-f")
            .arg(path.join("slapd.conf"))
            .arg("-l")
            .arg(path.join("tree.ldif"))
            .output()
            .expect("slapadd runs");
        assert!(loaded.status.success(), "{}", String::from_utf8_lossy(&loaded.stderr));
        let mut server = Self { process: None, folder, port: 0, tls_port: 0 };
        // A port may be taken between looking and binding.
        for _ in 0..20 {
            (server.port, server.tls_port) = free_ports();
            if server.run().await {
                return server;
            }
        }
        panic!("slapd did not start: {}", server.log());
    }

    /// Runs it, until it answers.
    async fn run(&mut self) -> bool {
        let path = self.folder.path();
        let log = fs::File::create(path.join("log")).expect("a log");
        let urls = format!("ldap://127.0.0.1:{} ldaps://127.0.0.1:{}", self.port, self.tls_port);
        let process = program("slapd")
            .arg("-f")
            .arg(path.join("slapd.conf"))
            .args(["-h", &urls, "-d", "0"])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .expect("slapd runs");
        let process = self.process.insert(process);
        while process.try_wait().expect("its state").is_none() {
            if tokio::net::TcpStream::connect(("127.0.0.1", self.tls_port)).await.is_ok() {
                return true;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        false
    }

    /// Kills it, as a crash does.
    pub fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.kill().expect("it can be killed");
            process.wait().expect("its end");
        }
    }

    /// Brings it back after [`Slapd::kill`], on the same ports.
    pub async fn restart(&mut self) {
        assert!(self.run().await, "slapd did not start again: {}", self.log());
    }

    /// The certificate of its authority, in PEM form.
    pub fn ca_file(&self) -> PathBuf {
        self.folder.path().join("ca.pem")
    }

    fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }
}

impl Drop for Slapd {
    fn drop(&mut self) {
        if let Some(mut process) = self.process.take() {
            let _ = process.kill();
            let _ = process.wait();
        }
    }
}

/// Debian keeps the programs of servers out of the PATH of those who are not root.
fn program(name: &str) -> Command {
    let usual = Path::new("/usr/sbin").join(name);
    Command::new(if usual.exists() { usual } else { name.into() })
}

/// Two ports on which nothing listens just now.
fn free_ports() -> (u16, u16) {
    let listen = || TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
    let (one, other) = (listen(), listen());
    let port = |listener: &TcpListener| listener.local_addr().expect("its address").port();
    (port(&one), port(&other))
}

fn certificates(folder: &Path) {
    let ca_key = KeyPair::generate().expect("a key");
    let mut params = CertificateParams::new(vec![]).expect("parameters");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let ca = params.self_signed(&ca_key).expect("a certificate");
    let key = KeyPair::generate().expect("a key");
    let certificate = CertificateParams::new(vec!["localhost".into(), "127.0.0.1".into()])
        .expect("parameters")
        .signed_by(&key, &Issuer::new(params, ca_key))
        .expect("a certificate");
    for (name, text) in [
        ("ca.pem", ca.pem()),
        ("server.pem", certificate.pem()),
        ("server.key", key.serialize_pem()),
    ] {
        fs::write(folder.join(name), text).expect("a file");
    }
}
