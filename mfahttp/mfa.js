// Keys and passkeys over mfahttp: see Script in its Go manual.
const P = window.PublicKeyCredential;
const fail = (name, more) => Object.assign(new Error(name), { name }, more);
let pending;

export function abort() {
	pending?.abort();
	pending = null;
}

function start() {
	abort();
	if (!P) throw fail(isSecureContext ? "UnsupportedError" : "InsecureError");
	return pending = new AbortController();
}

async function call(opts, path, body, signal) {
	let r;
	try {
		r = await fetch(opts.base ? opts.base + "/" + path : new URL(path, import.meta.url), {
			method: body ? "POST" : "GET", body: body && JSON.stringify(body), signal,
			headers: { "Content-Type": "application/json", ...opts.headers },
		});
	} catch (cause) {
		throw signal?.aborted ? cause : fail("NetworkError", { cause });
	}
	const json = await r.json().catch(() => signal?.throwIfAborted() || {});
	if (!r.ok) throw fail("Problem", { status: r.status, ...json });
	return json;
}

async function run(opts, kind, from, body, to, more) {
	const { signal } = start(), { id, publicKey } = await call(opts, from, body, signal);
	const credential = await make(kind, publicKey, signal);
	return call(opts, to.replace("{id}", id), { ...more, credential });
}

export async function enroll(opts = {}) {
	const { method = "webauthn", label, replaces } = opts;
	return run(opts, "create", "enrollments", { method, label, replaces }, "enrollments/{id}/activate");
}

export async function verify(opts = {}) {
	const option = opts.option || (await call(opts, "flow")).options.find((o) => o.method == "webauthn")?.id || "none";
	return run(opts, "get", "flow/challenge", { option }, "flow/verify", { option, remember: opts.remember });
}

export const signIn = async (opts = {}) => run(opts, "get", "passkey/begin", {}, "passkey/finish");

export async function autofill(opts = {}) {
	if (!await P?.isConditionalMediationAvailable?.()) return null;
	for (;;) {
		const mine = start(), { signal } = mine;
		let credential, timer;
		try {
			const { publicKey } = await call(opts, "passkey/begin", {}, signal);
			// The page may stay open for longer than a challenge is good for.
			timer = setTimeout(() => mine.abort(), .9 * (publicKey.timeout || 3e5));
			credential = await make("get", publicKey, signal, "conditional");
		} catch (e) {
			if (!signal.aborted) throw e;
		}
		clearTimeout(timer);
		if (credential) return call(opts, "passkey/finish", { credential });
		if (pending != mine) return null;
		if (document.hidden) await new Promise((seen) => addEventListener("visibilitychange", seen, { once: true }));
		if (pending != mine) return null;
	}
}

export async function signal(details = {}) {
	try {
		if (details.credentialId) await P.signalUnknownCredential(details);
		else {
			const tell = P.signalAllAcceptedCredentials.bind(P);
			const all = details.userId ? [details] : Object.values(await call(details, "passkey/signals"));
			await Promise.all(all.map(tell));
		}
		return true;
	} catch {
		return false;
	}
}

export const create = async (publicKey) => make("create", publicKey, start().signal);
export const get = async (publicKey, mediation) => make("get", publicKey, start().signal, mediation);

const make = async (kind, json, signal, mediation) =>
	toJSON(await navigator.credentials[kind]({ publicKey: parse(kind, json), signal, mediation }));

// By hand for old browsers and extensions.
const bytes = (s) => Uint8Array.from(atob(s.replace(/[-_]/g, (c) => c == "-" ? "+" : "/")), (c) => c.charCodeAt());
const text = (b) => b ?
	btoa(String.fromCharCode(...new Uint8Array(b))).replace(/[+/=]/g, (c) => ({ "+": "-", "/": "_" })[c] || "") : undefined;

function parse(kind, o) {
	try {
		return kind == "get" ? P.parseRequestOptionsFromJSON(o) : P.parseCreationOptionsFromJSON(o);
	} catch {
		const ids = (list) => list?.map((c) => ({ ...c, id: bytes(c.id) }));
		return {
			...o, challenge: bytes(o.challenge), user: o.user && { ...o.user, id: bytes(o.user.id) },
			allowCredentials: ids(o.allowCredentials), excludeCredentials: ids(o.excludeCredentials),
		};
	}
}

function toJSON(c) {
	try {
		return c.toJSON();
	} catch {
		const response = { transports: c.response.getTransports?.() };
		for (const k of ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"])
			response[k] = text(c.response[k]);
		return {
			id: c.id, rawId: text(c.rawId), type: "public-key", authenticatorAttachment: c.authenticatorAttachment || undefined, response,
			clientExtensionResults: c.getClientExtensionResults(),
		};
	}
}

const again = "That took too long, or was used already. Please start again.";
const sentences = {
	NotAllowedError: "Cancelled, too late, or no fitting key. Please try again, with its PIN if asked.",
	InvalidStateError: "This key is registered already. Please use another one.",
	AbortError: "Cancelled.",
	NotSupportedError: "This key cannot do what is needed. Use another one.",
	ConstraintError: "This key cannot check that it is you. Set its PIN, or use another one.",
	SecurityError: "Keys do not work at this address. Open the site at its usual one.",
	InsecureError: "Keys need a secure connection. Please use https.",
	UnsupportedError: "This browser cannot use keys. Update it, or use another one.",
	NetworkError: "The server cannot be reached. Check the connection.",
	code_not_valid: "This key was not accepted. Try again, or another way.",
	authenticator_refused: "This kind of key is not accepted. Use another one.",
	unauthenticated: "Please sign in again.",
	requirement: "Please confirm first that it is you.",
	too_many: "There is no room for more. Remove one first.",
	locked: "Too many failures. Please try later.",
	method_not_allowed: "Keys cannot be used here.",
	no_option: "No key fits here. Choose another way.",
	no_flow: again, flow_expired: again, no_enrollment: again, enrollment_expired: again,
};

export function message(error, own = {}) {
	const { code, name, detail } = error || {};
	return own[code] || own[name] || own.other || code == "authenticator_refused" && detail ||
		sentences[code] || sentences[name] || "Something went wrong. Please try again.";
}
