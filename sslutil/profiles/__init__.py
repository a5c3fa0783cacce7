"""The TLS policies that have a name, and the names of which a policy of one's own can be made."""

from __future__ import annotations

from sslutil.profiles.catalogue import DEFAULT_PROFILE as DEFAULT_PROFILE
from sslutil.profiles.catalogue import PROFILES as PROFILES
from sslutil.profiles.catalogue import VERSION as VERSION
from sslutil.profiles.catalogue import Profile as Profile
from sslutil.profiles.names import CIPHERS as CIPHERS
from sslutil.profiles.names import CIPHERSUITES as CIPHERSUITES
from sslutil.profiles.names import GROUPS as GROUPS
from sslutil.profiles.names import PROTOCOLS as PROTOCOLS
from sslutil.profiles.names import UNSTOCKED_CIPHERS as UNSTOCKED_CIPHERS
from sslutil.profiles.names import Cipher as Cipher
from sslutil.profiles.names import Group as Group
from sslutil.profiles.names import find_kind as find_kind
from sslutil.profiles.names import parse_cipher as parse_cipher
from sslutil.profiles.names import parse_ciphersuite as parse_ciphersuite
from sslutil.profiles.names import parse_group as parse_group
from sslutil.profiles.names import parse_protocol as parse_protocol
