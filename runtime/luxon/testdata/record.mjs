// Records what Luxon answers, as cases.json:
//   LUXON_HOME=…/node_modules/luxon TZ=America/Sao_Paulo node testdata/record.mjs testdata/cases.json
// The time stands still at 2024-03-15T14:30:45.678Z, the default zone of a case is its env.
import { writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { inputs } from './inputs.mjs'

const luxon = createRequire(import.meta.url)(process.env.LUXON_HOME)
const { DateTime, Duration, Interval, Info, Settings, IANAZone, FixedOffsetZone, SystemZone, InvalidZone } = luxon
const now = Date.UTC(2024, 2, 15, 14, 30, 45, 678)
Settings.now = () => now

// encode writes a value so that nothing is lost: {"$dt": …} and its like.
function encode(v, depth = 0) {
  if (v === undefined) return { $undefined: true }
  if (v === null || typeof v === 'string' || typeof v === 'boolean') return v
  if (typeof v === 'number') return Number.isNaN(v) ? { $nan: true } : Object.is(v, -0) ? { $n: '-0' } : Number.isFinite(v) ? v : { $n: String(v) }
  if (typeof v === 'function') return { $function: true }
  if (DateTime.isDateTime(v)) return { $dt: [v.isValid ? v.ts : null, v.toISO(), v.zone.name, v.zone.type, v.locale, v.numberingSystem, v.invalidReason, v.invalidExplanation === undefined ? null : v.invalidExplanation] }
  if (Duration.isDuration(v)) return { $dur: [v.isValid ? v.values : null, v.locale, v.conversionAccuracy, v.invalidReason, v.invalidExplanation === undefined ? null : v.invalidExplanation] }
  if (Interval.isInterval(v)) return { $int: [v.isValid ? encode(v.s) : null, v.isValid ? encode(v.e) : null, v.invalidReason, v.invalidExplanation] }
  if (v instanceof Date) return { $date: encode(v.getTime()) }
  if (v instanceof RegExp) return {}
  if (v instanceof luxon.Zone) return { $zone: [v.constructor.name, v.name] }
  if (Array.isArray(v)) return [...v].map((x) => encode(x, depth + 1))
  return Object.fromEntries(Object.entries(v).filter(([, x]) => x !== undefined).map(([k, x]) => [k, encode(x, depth + 1)]))
}

// decode makes an argument: {"$new": [class, static, args]} is what the static member gives, and of that {"$call": [object, method, args]}.
function decode(a) {
  if (a === null || typeof a !== 'object') return a
  if (Array.isArray(a)) return a.map(decode)
  if (a.$undefined) return undefined
  if (a.$nan) return NaN
  if (a.$n) return Number(a.$n)
  if (a.$date !== undefined) return new Date(a.$date === 'invalid' ? NaN : a.$date)
  if (a.$new) return run(a.$new)
  return Object.fromEntries(Object.entries(a).map(([k, v]) => [k, decode(v)]))
}

const classes = { DateTime, Duration, Interval, Info, Settings, IANAZone, FixedOffsetZone, SystemZone, InvalidZone }
// run takes steps: [class, static, args], then [method, args] or a getter's name for each further step.
function run([cls, name, args, ...steps]) {
  let v
  if (name === 'new') v = new classes[cls](...decode(args))
  else if (args === null) v = classes[cls][name]
  else v = classes[cls][name](...decode(args))
  for (const step of steps) v = Array.isArray(step) ? v[step[0]](...decode(step[1])) : v[step]
  return v
}

const out = []
const seen = new Set()
for (const [env, steps] of inputs()) {
  const key = JSON.stringify([env, steps])
  if (seen.has(key)) continue
  seen.add(key)
  Settings.defaultZone = env
  let answer
  try {
    answer = { want: encode(run(steps)) }
  } catch (e) {
    answer = { throws: e.message, type: e.constructor.name }
  }
  out.push({ env, do: steps, ...answer })
}
writeFileSync(process.argv[2], '[\n' + out.map((c) => JSON.stringify(c)).join(',\n') + '\n]\n')
