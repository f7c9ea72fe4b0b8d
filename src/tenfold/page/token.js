// The server's token, where it asks for one: it comes in the address, behind the #, which no server ever sees.

const KEY = "tenfold-token";

/** The token of this tab, or nothing. It is taken out of the address, so that nobody reads it there. */
export function token() {
  const given = new URLSearchParams(location.hash.slice(1)).get("token");
  try {
    if (!given) return sessionStorage.getItem(KEY);
    sessionStorage.setItem(KEY, given);
    history.replaceState(null, "", location.pathname + location.search);
  } catch {
    // storage is closed to this page: then the token stays in the address
  }
  return given;
}

/** Headers of a request that has to bear it. */
export function bearer() {
  const known = token();
  return known ? { Authorization: `Bearer ${known}` } : {};
}
