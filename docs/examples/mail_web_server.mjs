#!/usr/bin/env node
// A web mail in Node, small enough to read, that serves what the registry says: settings.toml is all it knows of sslutil.
//
//     npm install smol-toml
//     node mail_web_server.mjs [--registry-path PATH] [--bind ADDRESS] [--acme-folder FOLDER]
//
// Plain http offers https, redirects to it or is closed, as plain_http says. A flip is followed by the next connection,
// or at once on SIGHUP; open connections go on. SIGTERM and SIGINT end it.

import { constants } from 'node:crypto'
import { existsSync, readFileSync, readlinkSync } from 'node:fs'
import http from 'node:http'
import https from 'node:https'
import net from 'node:net'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { parse } from 'smol-toml'

const { values: options } = parseArgs({
  options: {
    'registry-path': { type: 'string' },
    bind: { type: 'string', default: '127.0.0.1' },
    'acme-folder': { type: 'string' },
  },
})
const MACHINE_FILE = '/etc/xdg/sslutil/registry-path'
const stored = existsSync(MACHINE_FILE) ? readFileSync(MACHINE_FILE, 'utf8').trim() : '/etc/sslutil'
const registry = resolve(options['registry-path'] ?? (process.env.SSLUTIL_REGISTRY_PATH || stored))

// --- The settings -------------------------------------------------------------------------------------------------

function current() {
  const target = readlinkSync(join(registry, 'current'))
  if (!/^generations\/\d{6,}$/.test(target)) throw new Error(`${registry}/current does not point to a generation`)
  return target
}

// `current` is resolved once and all files are read from one directory, so that no file is of another generation.
// Where that directory was pruned meanwhile, all is read again.
function load() {
  for (let reading = 1; ; reading += 1) {
    const target = current()
    try {
      const folder = join(registry, target)
      const settings = parse(readFileSync(join(folder, 'settings.toml'), 'utf8'))
      if (settings.version !== 1) throw new Error(`${folder}/settings.toml is of another sslutil`)
      return { ...settings, generation: target, credentials: credentials(settings, folder) }
    } catch (fault) {
      if (fault.code !== 'ENOENT' || current() === target || reading === 100) throw fault
    }
  }
}

function credentials({ certificate, tls, client_auth: clients }, folder) {
  const read = (name) => readFileSync(join(folder, name))
  const bundles = certificate.map((one) => read(one.bundle_file)) // key and chain from one file
  const legacy = tls.protocols.some((protocol) => ['TLSv1', 'TLSv1.1'].includes(protocol))
  return {
    key: bundles,
    cert: bundles,
    minVersion: tls.protocols[0],
    maxVersion: tls.protocols.at(-1),
    // TLS 1.0 and 1.1 sign with SHA-1, which OpenSSL takes at security level 0 only.
    ciphers: [...tls.ciphersuites, ...tls.ciphers, ...(legacy ? ['@SECLEVEL=0'] : [])].join(':'),
    ecdhCurve: tls.groups.join(':'),
    honorCipherOrder: tls.prefer_server_ciphers,
    secureOptions: tls.session_tickets ? 0 : constants.SSL_OP_NO_TICKET,
    requestCert: clients.mode !== 'off',
    rejectUnauthorized: clients.mode === 'require',
    ca: clients.mode === 'off' ? undefined : read(clients.ca_file),
    crl: clients.crl_file && read(clients.crl_file),
  }
}

// --- Where a plain request goes to: always a name of ours, never what the Host header says ---------------------------

function ourName(host = '') {
  const wanted = (/^(\[[0-9a-f:.]+\]|[a-z0-9.-]+?)\.?(:\d*)?$/i.exec(host)?.[1] ?? '').toLowerCase().replace(/[[\]]/g, '')
  const parent = /^[a-z0-9-]+(\..+)$/.exec(wanted)?.[1]
  if (settings.names.includes(wanted) || (parent && settings.names.includes(`*${parent}`))) return wanted
  return settings.names.find((name) => !name.startsWith('*'))
}

function address(scheme, port, request) {
  const name = ourName(request.headers.host)
  if (!name || !/^\/[!-~]*$/.test(request.url)) return undefined
  const host = name.includes(':') ? `[${name}]` : name
  const own = { http: 80, https: 443 }[scheme]
  return `${scheme}://${host}${port === own ? '' : `:${port}`}${request.url}`
}

const httpsAddress = (request) => (settings.enabled ? address('https', settings.https_port, request) : undefined)
const httpAddress = (request) =>
  settings.plain_http === 'offer' ? address('http', settings.http_port, request) : undefined

// --- The pages ------------------------------------------------------------------------------------------------------

const LOGON = '<form method="post" action="/inbox"><label>User <input name="user"></label> <button>Log on</button></form>'
const PAGES = { '/': ['Logon', LOGON], '/inbox': ['Inbox', '<ul><li>Welcome to your mail</ul>'] }
const escaped = (text) => text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)
const link = (to, text) => (to ? `<a href="${escaped(to)}">${text}</a>` : '')

function sendPage(request, response, header, footer) {
  request.resume() // read and forget what a form sends: nobody is checked here
  const [title, content] = PAGES[request.url.split('?')[0]] ?? ['Not found', '']
  response.writeHead(content ? 200 : 404, { 'Content-Type': 'text/html; charset=utf-8' })
  response.end(`<!doctype html><title>${title}</title><p>${header}</p><h1>${title}</h1>${content}<p>${footer}</p>\n`)
}

function answerPlain(request, response) {
  const token = /^\/\.well-known\/acme-challenge\/([A-Za-z0-9_-]+)(\?|$)/.exec(request.url)?.[1]
  if (token) {
    const challenge = options['acme-folder'] && join(options['acme-folder'], token)
    if (!challenge || !existsSync(challenge)) return response.writeHead(404).end()
    return response.end(readFileSync(challenge))
  }
  const to = httpsAddress(request)
  if (!settings.enabled || settings.plain_http === 'offer') {
    return sendPage(request, response, link(to, 'Enter secure mode'), '')
  }
  return response.writeHead(to ? 308 : 400, { ...(to && { Location: to }), Connection: 'close' }).end()
}

function answerSecure(request, response) {
  if (settings.hsts_max_age > 0) response.setHeader('Strict-Transport-Security', `max-age=${settings.hsts_max_age}`)
  const client = request.socket.authorized && request.socket.getPeerCertificate().subject?.CN
  const header = client ? `You are ${escaped(client)}, as your certificate says.` : ''
  sendPage(request, response, header, link(httpAddress(request), 'Leave secure mode'))
}

// --- The ports ------------------------------------------------------------------------------------------------------

// One https server for each generation, which never listens itself: what accepts hands it the connections. So all of a
// generation ends with it; setSecureContext would keep the old answer to whether clients show a certificate.
function makeSecure({ credentials, client_auth: clients }) {
  const server = https.createServer({ ...credentials, handshakeTimeout: 10_000 }, answerSecure)
  server.on('secureConnection', (socket) => {
    // Whoever shows a certificate must show a good one, also where none is asked for.
    if (clients.mode !== 'off' && !socket.authorized && socket.getPeerX509Certificate()) socket.destroy()
  })
  server.on('tlsClientError', (fault, socket) => console.error(`${socket.remoteAddress}: ${fault.message}`))
  return server
}

const plain = http.createServer(answerPlain)
const listeners = {}
let settings
let secure
let complaint

function take() {
  const wanted = load()
  secure = makeSecure(wanted)
  settings = wanted
}

function follow() {
  try {
    if (current() === settings.generation) return
    take()
    complaint = undefined
  } catch (fault) {
    // What can't be served leaves the old generation in use; it is said once.
    if (fault.message !== complaint) console.error(`mail_web_server: error: ${fault.message}`)
    complaint = fault.message
    return
  }
  arrange()
}

function arrange() {
  const wanted = {}
  if (settings.enabled) wanted.https = settings.https_port
  if (settings.plain_http !== 'closed' || !settings.enabled) wanted.http = settings.http_port
  for (const scheme of ['https', 'http']) {
    if (listeners[scheme] && listeners[scheme].port !== wanted[scheme]) {
      listeners[scheme].close()
      delete listeners[scheme]
    }
    if (wanted[scheme] && !listeners[scheme]) listeners[scheme] = listen(scheme, wanted[scheme])
  }
  const places = Object.entries(listeners).map(([scheme, { port }]) => `${scheme} on port ${port}`)
  const ready = Object.values(listeners).map((listener) => listener.ready)
  const number = Number(settings.generation.split('/')[1])
  Promise.all(ready).then(() => console.log(`generation ${number}: ${places.join(' and ')}, address ${options.bind}`))
}

function listen(scheme, port) {
  const listener = net.createServer((socket) => {
    follow()
    ;(scheme === 'https' ? secure : plain).emit('connection', socket)
  })
  listener.port = port
  listener.ready = new Promise((done) => listener.listen(port, options.bind, done))
  listener.on('error', (fault) => {
    console.error(`mail_web_server: error: can't listen on ${options.bind} port ${port}: ${fault.code}`)
    process.exit(1)
  })
  return listener
}

try {
  take()
} catch (fault) {
  console.error(`mail_web_server: error: ${fault.message}`)
  console.error(`mail_web_server: hint: sslutil --registry-path ${registry} status`)
  process.exit(4)
}
arrange()
process.on('SIGHUP', follow)
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => process.exit(0))
