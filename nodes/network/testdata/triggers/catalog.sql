SELECT pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal
UNION ALL
SELECT regexp_replace(pg_get_functiondef(p.oid), '\s+', ' ', 'g') FROM pg_proc p JOIN pg_namespace n ON n.oid = pronamespace WHERE n.nspname IN ('public', 'other')
ORDER BY 1
