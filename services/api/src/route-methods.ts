import type { FastifyInstance } from 'fastify'
import { ApiProblem } from './problem.ts'

/** Which methods a path answers, learnt from the routes as they are added: a wrong method is not a wrong path. */
export function routeMethods(app: FastifyInstance): (path: string) => readonly string[] {
  const known: { pattern: RegExp; methods: readonly string[] }[] = []
  app.addHook('onRoute', ({ url, method }) => {
    const segments = url
      .split('/')
      .map((part) =>
        part === '*' ? '.*' : part.startsWith(':') ? '[^/]+' : part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'),
      )
    known.push({ pattern: new RegExp(`^${segments.join('/')}/?$`), methods: [method].flat() })
  })
  return (path) => [...new Set(known.filter(({ pattern }) => pattern.test(path)).flatMap(({ methods }) => methods))]
}

/** 405 where the path exists for other methods (RFC 9110 §15.5.6), else 404. */
export function nothingHere(method: string, path: string, allowed: readonly string[]): ApiProblem {
  if (allowed.length === 0)
    return new ApiProblem('not-found', `There is nothing at ${path}; /docs shows what there is.`)
  const list = allowed.join(', ')
  return new ApiProblem('method-not-allowed', `${path} does not answer ${method}; it answers ${list}.`, {
    headers: { allow: list },
  })
}
