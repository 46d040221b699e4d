// Signing in by the authorization code flow with PKCE. The token lives in this tab alone.

const TOKEN = "bursar.token";
const UNDERWAY = "bursar.sign-in";
const RETURN = "/signed-in";
const HOME = "/exceptions";
const SKEW_SECONDS = 5;

export class SignInError extends Error {}

export function token() {
  const kept = sessionStorage.getItem(TOKEN);
  if (kept && claims(kept).exp > Date.now() / 1000 + SKEW_SECONDS) return kept;
  forget();
  return null;
}

export function forget() {
  sessionStorage.removeItem(TOKEN);
}

export function person() {
  const kept = token();
  return kept ? (claims(kept).email ?? claims(kept).sub) : "";
}

export async function signIn() {
  const at = await configuration();
  const underway = {
    verifier: random(), state: random(), nonce: random(),
    returnTo: location.pathname === RETURN ? HOME : location.pathname + location.search,
  };
  sessionStorage.setItem(UNDERWAY, JSON.stringify(underway));
  const asked = new URL(at.authorization_endpoint, location.origin);
  for (const [name, value] of Object.entries({
    response_type: "code",
    client_id: at.client_id,
    redirect_uri: location.origin + RETURN,
    scope: "openid email",
    state: underway.state,
    nonce: underway.nonce,
    code_challenge: await digest(underway.verifier),
    code_challenge_method: "S256",
  })) asked.searchParams.set(name, value);
  location.assign(asked);
}

// Answers where the person was before. What does not fit what we sent is refused.
export async function finishSignIn() {
  const told = new URLSearchParams(location.search);
  const kept = sessionStorage.getItem(UNDERWAY);
  sessionStorage.removeItem(UNDERWAY);
  history.replaceState(null, "", RETURN); // a code stands in no history
  const underway = kept ? JSON.parse(kept) : null;
  if (!underway || told.get("state") !== underway.state) {
    throw new SignInError("This is not the answer to a sign-in that began in this tab.");
  }
  if (told.has("error")) {
    throw new SignInError(told.get("error_description") ?? told.get("error"));
  }
  const at = await configuration();
  const given = await redeem(at, told.get("code") ?? "", underway.verifier);
  const found = claims(given);
  const audiences = [found.aud].flat();
  if (found.nonce !== underway.nonce || found.iss !== at.issuer || !audiences.includes(at.client_id)) {
    throw new SignInError("The issuer's token is not the one that was asked for.");
  }
  sessionStorage.setItem(TOKEN, given);
  return underway.returnTo;
}

export async function signOut() {
  sessionStorage.clear();
  const { sign_out_url: elsewhere } = await configuration();
  location.assign(elsewhere || HOME);
}

async function configuration() {
  const answer = await fetch("/sign-in.json", { credentials: "omit" });
  if (!answer.ok) throw new SignInError("Nothing tells where to sign in.");
  const told = await answer.json();
  if (!told.authorization_endpoint || !told.token_endpoint) {
    throw new SignInError(
      "These pages are not told where to sign in: governance.oidc needs authorize_url and token_url.");
  }
  return told;
}

async function redeem(at, code, verifier) {
  const body = new URLSearchParams({
    grant_type: "authorization_code",
    client_id: at.client_id,
    redirect_uri: location.origin + RETURN,
    code,
    code_verifier: verifier,
  });
  const answer = await fetch(at.token_endpoint, { method: "POST", body, credentials: "omit" });
  const told = answer.ok ? await answer.json() : {};
  if (!told.id_token) throw new SignInError("The issuer gave no token for this code.");
  return told.id_token;
}

// The API checks the signature; here the claims only steer what is shown.
function claims(jwt) {
  try {
    const text = atob(jwt.split(".")[1].replaceAll("-", "+").replaceAll("_", "/"));
    return JSON.parse(new TextDecoder().decode(Uint8Array.from(text, (c) => c.charCodeAt(0))));
  } catch {
    return { exp: 0 };
  }
}

function random() {
  return base64url(crypto.getRandomValues(new Uint8Array(32)));
}

async function digest(text) {
  return base64url(new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text))));
}

function base64url(bytes) {
  return btoa(String.fromCharCode(...bytes)).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}
