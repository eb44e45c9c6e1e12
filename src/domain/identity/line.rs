//! The facts of a line, and which of them there are.

use super::{CarrierNumber, Eid, HolderName, Iccid, Msisdn, PassportNumber, PersonalNumber, PostalAddress, masked};
use serde::{Deserialize, Serialize};

/// What a carrier may want to know.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fact {
    /// Name of the holder as registered with the carrier.
    Name,
    /// Phone number.
    Msisdn,
    /// SIM number.
    Iccid,
    /// Chip number.
    Eid,
    /// Customer number.
    CustomerNumber,
    /// Contract number.
    ContractNumber,
    /// Order number.
    OrderNumber,
    /// Day the contract was signed.
    ContractDate,
    /// Personal number, JMBG or EBS.
    Jmbg,
    /// Passport number.
    PassportNumber,
    /// Where the holder gets post.
    PostalAddress,
    /// Any of the numbers that identify the line.
    LineNumber,
    /// An address that takes such requests.
    ContactAddress,
}

impl Fact {
    /// All, with their names in records and JSON.
    pub const ALL: [(&'static str, Self); 13] = [
        ("name", Self::Name),
        ("msisdn", Self::Msisdn),
        ("iccid", Self::Iccid),
        ("eid", Self::Eid),
        ("customer_number", Self::CustomerNumber),
        ("contract_number", Self::ContractNumber),
        ("order_number", Self::OrderNumber),
        ("contract_date", Self::ContractDate),
        ("jmbg", Self::Jmbg),
        ("passport_number", Self::PassportNumber),
        ("postal_address", Self::PostalAddress),
        ("line_number", Self::LineNumber),
        ("contact_address", Self::ContactAddress),
    ];

    /// The flag of `odjava new` and `odjava edit` that gives it.
    #[must_use]
    pub fn flag(self) -> &'static str {
        match self {
            Self::Name => "--name",
            Self::Msisdn | Self::LineNumber => "--msisdn",
            Self::Iccid => "--iccid",
            Self::Eid => "--eid",
            Self::CustomerNumber => "--customer-number",
            Self::ContractNumber => "--contract-number",
            Self::OrderNumber => "--order",
            Self::ContractDate => "--contract-date",
            Self::Jmbg => "--jmbg",
            Self::PassportNumber => "--passport-number",
            Self::PostalAddress => "--postal-address",
            Self::ContactAddress => "--to",
        }
    }

    /// Whether it can do the holder lasting harm in wrong hands: it goes only where the record requires it, never
    /// because it would be welcome.
    #[must_use]
    pub fn is_sensitive(self) -> bool {
        match self {
            Self::Eid | Self::Jmbg | Self::PassportNumber => true,
            Self::Name
            | Self::Msisdn
            | Self::Iccid
            | Self::CustomerNumber
            | Self::ContractNumber
            | Self::OrderNumber
            | Self::ContractDate
            | Self::PostalAddress
            | Self::LineNumber
            | Self::ContactAddress => false,
        }
    }
}

/// Everything known of the line and of who holds it. At least one of the numbers is there once a case leaves
/// `collecting`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Line {
    /// Phone number.
    pub msisdn: Option<Msisdn>,
    /// SIM or profile number.
    pub iccid: Option<Iccid>,
    /// Chip number; never sent unless a carrier asks.
    pub eid: Option<Eid>,
    /// Customer or account number at the carrier.
    pub customer_number: Option<CarrierNumber>,
    /// Contract number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub contract_number: Option<CarrierNumber>,
    /// Order number of a travel-eSIM purchase.
    pub order_number: Option<CarrierNumber>,
    /// Day the contract was signed.
    pub contract_date: Option<crate::domain::Date>,
    /// The holder's name in other scripts, as the carrier may have it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub also_named: Vec<HolderName>,
    /// Personal number; never sent unless a carrier asks.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub jmbg: Option<PersonalNumber>,
    /// Passport number; never sent unless a carrier asks.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub passport_number: Option<PassportNumber>,
    /// Where the holder gets post.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub postal_address: Option<PostalAddress>,
}

impl Line {
    /// The identifier a person would call the line by, masked.
    #[must_use]
    pub fn label_masked(&self) -> String {
        let text = self
            .msisdn
            .as_deref()
            .or(self.iccid.as_deref())
            .or(self.customer_number.as_deref())
            .or(self.contract_number.as_deref())
            .or(self.order_number.as_deref())
            .unwrap_or("-");
        masked(text)
    }

    /// The number that names the line best and gives away least.
    #[must_use]
    pub fn best_number(&self) -> Option<Fact> {
        [Fact::Msisdn, Fact::CustomerNumber, Fact::ContractNumber, Fact::OrderNumber, Fact::Iccid]
            .into_iter()
            .find(|fact| self.knows(*fact))
    }

    /// Identifiers of the line, by which a second case of it is found. The number of a customer or a contract, which
    /// may have several lines, only where nothing else names it.
    #[must_use]
    pub fn keys(&self) -> Vec<String> {
        let mut keys = Vec::new();
        keys.extend(self.msisdn.as_ref().map(|m| format!("msisdn:{m}")));
        keys.extend(self.iccid.as_ref().map(|i| format!("iccid:{i}")));
        keys.extend(self.order_number.as_ref().map(|o| format!("order:{}", o.to_lowercase())));
        if keys.is_empty() {
            keys.extend(self.customer_number.as_ref().map(|c| format!("customer:{}", c.to_lowercase())));
            keys.extend(self.contract_number.as_ref().map(|c| format!("contract:{}", c.to_lowercase())));
        }
        keys
    }

    /// Whether this very fact is there. The name and the address to write to are no facts of the line.
    #[must_use]
    pub fn knows(&self, fact: Fact) -> bool {
        match fact {
            Fact::Msisdn => self.msisdn.is_some(),
            Fact::Iccid => self.iccid.is_some(),
            Fact::Eid => self.eid.is_some(),
            Fact::CustomerNumber => self.customer_number.is_some(),
            Fact::ContractNumber => self.contract_number.is_some(),
            Fact::OrderNumber => self.order_number.is_some(),
            Fact::ContractDate => self.contract_date.is_some(),
            Fact::Jmbg => self.jmbg.is_some(),
            Fact::PassportNumber => self.passport_number.is_some(),
            Fact::PostalAddress => self.postal_address.is_some(),
            Fact::Name | Fact::LineNumber | Fact::ContactAddress => false,
        }
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use crate::domain::decide::serde_name;

    #[test]
    fn every_fact_is_called_one_way() {
        for (name, fact) in Fact::ALL {
            assert_eq!(serde_name(&fact), name);
        }
    }

    #[test]
    fn a_line_shows_no_number_when_it_is_logged() {
        let line = Line {
            msisdn: Msisdn::parse("+381601234567", None).ok(),
            customer_number: CarrierNumber::parse("555123/4").ok(),
            jmbg: PersonalNumber::parse("0101006500006").ok(),
            passport_number: PassportNumber::parse("E12345678").ok(),
            postal_address: PostalAddress::parse("Ulica lipa 17, Beograd").ok(),
            ..Line::default()
        };
        let told = format!("{line:?}");
        for secret in ["60123", "5551", "010100650", "E1234", "lipa 17"] {
            assert!(!told.contains(secret), "{told}");
        }
    }

    #[test]
    fn a_line_stored_before_a_fact_was_known_is_read() {
        let line: Line = serde_json::from_str(r#"{"msisdn":"+381601234567","customer_number":"1/2"}"#).unwrap();
        assert_eq!(line.best_number(), Some(Fact::Msisdn));
        assert!(!serde_json::to_string(&line).unwrap().contains("jmbg"));
    }
}
