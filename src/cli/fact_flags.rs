//! The flags that give facts of a case, shared by `new` and `edit`. What they must look like is checked in `facts`.

use clap::Args;
use std::path::PathBuf;

/// The facts of a case, as typed.
#[derive(Debug, Clone, Default, Args)]
pub struct FactFlags {
    /// Name of the holder as the carrier knows it [default: that of the account]
    #[arg(long)]
    pub name: Option<String>,
    /// Phone number
    #[arg(long, value_name = "NUMBER")]
    pub msisdn: Option<String>,
    /// Number of the SIM card or eSIM profile
    #[arg(long, value_name = "DIGITS")]
    pub iccid: Option<String>,
    /// Number of the eSIM chip; sent only where a carrier demands it
    #[arg(long, value_name = "DIGITS")]
    pub eid: Option<String>,
    /// Customer or account number at the carrier
    #[arg(long, value_name = "NUMBER")]
    pub customer_number: Option<String>,
    /// Contract number
    #[arg(long, value_name = "NUMBER")]
    pub contract_number: Option<String>,
    /// Order number of a travel eSIM
    #[arg(long, value_name = "NUMBER")]
    pub order: Option<String>,
    /// Day the contract was signed
    #[arg(long, value_name = "DATE")]
    pub contract_date: Option<String>,
    /// Your name in another script or spelling that the carrier may have (李伟); repeat for more
    #[arg(long, value_name = "NAME")]
    pub also_named: Vec<String>,
    /// JMBG, or EBS of a foreigner; sent only where a carrier demands it
    #[arg(long, value_name = "DIGITS")]
    pub jmbg: Option<String>,
    /// Passport number; sent only where a carrier demands it
    #[arg(long, value_name = "NUMBER")]
    pub passport_number: Option<String>,
    /// Where you get post
    #[arg(long, value_name = "ADDRESS")]
    pub postal_address: Option<String>,
    /// Where to write; the first that takes the mail is used. Repeat for fall-backs
    #[arg(long, value_name = "ADDRESS")]
    pub to: Vec<String>,
    /// A document for the carrier (JPEG, PNG or scanned PDF): a copy marked for this use goes with the request where the
    /// carrier demands that, else it waits until a reply asks for it. Repeat for more
    #[arg(long, value_name = "FILE")]
    pub attach: Vec<PathBuf>,
}

impl FactFlags {
    /// Whether no flag was given.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        let Self {
            name,
            msisdn,
            iccid,
            eid,
            customer_number,
            contract_number,
            order,
            contract_date,
            also_named,
            jmbg,
            passport_number,
            postal_address,
            to,
            attach,
        } = self;
        let numbers = [msisdn, iccid, eid, customer_number, contract_number, order];
        let others = [name, contract_date, jmbg, passport_number, postal_address];
        numbers.into_iter().chain(others).all(|f| f.is_none())
            && also_named.is_empty()
            && to.is_empty()
            && attach.is_empty()
    }
}
