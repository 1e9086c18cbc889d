/**
 * Results that Claude Code 2.1.331 printed (its keys in its order, without those that nothing reads): `type` is among the
 * last of them, and `subtype` says "success" of runs that failed.
 */
export const realOutputs = {
  answered:
    '{"duration_api_ms":19,"stop_reason":"end_turn","session_id":"8d5a762b-df6e-4a96-9628-3da359077d11","total_cost_usd":0.0025,"usage":{"input_tokens":1000,"output_tokens":50,"service_tier":"standard"},"modelUsage":{"claude-sonnet-5-5":{"inputTokens":1000,"outputTokens":50,"costUSD":0.0025}},"permission_denials":[],"terminal_reason":"completed","is_error":false,"num_turns":1,"subtype":"success","api_error_status":null,"result":"Hello from the stub.","type":"result","duration_ms":91}',
  refused:
    '{"duration_api_ms":0,"stop_reason":"stop_sequence","session_id":"a5f536e3-c182-46cb-8100-30eb86047453","total_cost_usd":0,"usage":{"input_tokens":0,"output_tokens":0},"modelUsage":{},"permission_denials":[],"terminal_reason":"api_error","is_error":true,"num_turns":1,"subtype":"success","api_error_status":401,"api_error_type":"authentication_error","result":"Failed to authenticate. API Error: 401 invalid bearer token","type":"result","duration_ms":1828}',
  withoutLogin:
    '{"duration_api_ms":0,"stop_reason":"stop_sequence","session_id":"cf96b9a0-deb6-4cc6-98ea-697399bb5e46","total_cost_usd":0,"usage":{"input_tokens":0,"output_tokens":0},"modelUsage":{},"permission_denials":[],"terminal_reason":"api_error","is_error":true,"num_turns":1,"subtype":"success","api_error_status":null,"result":"Not logged in · Please run /login","type":"result","duration_ms":106}',
  limited:
    '{"duration_api_ms":0,"stop_reason":"stop_sequence","session_id":"0fb6a709-5d40-470a-aec1-5046bea418e5","total_cost_usd":0,"usage":{"input_tokens":0,"output_tokens":0},"modelUsage":{},"permission_denials":[],"terminal_reason":"api_error","is_error":true,"num_turns":1,"subtype":"success","api_error_status":429,"api_error_type":"rate_limit_error","api_error":"usage_limit_reached","result":"You\'ve hit your 5-hour limit · resets 3:24am (UTC)","type":"result","duration_ms":116}',
  slowedDown:
    '{"duration_api_ms":0,"stop_reason":"stop_sequence","session_id":"38a17e02-6221-4afd-bfd6-97a99224845d","total_cost_usd":0,"usage":{"input_tokens":0,"output_tokens":0},"modelUsage":{},"permission_denials":[],"terminal_reason":"api_error","is_error":true,"num_turns":1,"subtype":"success","api_error_status":429,"api_error_type":"rate_limit_error","result":"API Error: Server is temporarily limiting requests (not your usage limit) · This request would exceed your rate limit.","type":"result","duration_ms":88}',
  overloaded:
    '{"duration_api_ms":0,"stop_reason":"stop_sequence","session_id":"d3baca17-b87e-49ca-a701-ad99cf191d9d","total_cost_usd":0,"usage":{"input_tokens":0,"output_tokens":0},"modelUsage":{},"permission_denials":[],"terminal_reason":"api_error","is_error":true,"num_turns":1,"subtype":"success","api_error_status":529,"api_error_type":"overloaded_error","result":"API Error: 529 Overloaded. This is a server-side issue, usually temporary — try again in a moment.","type":"result","duration_ms":92}',
  disconnected:
    '{"duration_api_ms":0,"session_id":"cf96b9a0-deb6-4cc6-98ea-697399bb5e46","total_cost_usd":0,"usage":{"input_tokens":0,"output_tokens":0},"modelUsage":{},"permission_denials":[],"terminal_reason":"api_error","is_error":true,"num_turns":1,"subtype":"success","api_error_status":null,"api_error":"connection_failed","result":"API Error: Connection refused — a firewall or proxy may be blocking it (ECONNREFUSED)","type":"result","duration_ms":69}',
  outOfTurns:
    '{"duration_api_ms":57,"stop_reason":"tool_use","session_id":"85998d20-4045-4e50-aca5-396dd5675c79","total_cost_usd":0.005,"usage":{"input_tokens":2000,"output_tokens":100},"modelUsage":{"claude-sonnet-5-5":{"inputTokens":2000,"outputTokens":100,"costUSD":0.005}},"permission_denials":[],"terminal_reason":"max_turns","is_error":true,"num_turns":3,"subtype":"error_max_turns","errors":["Reached maximum number of turns (2)"],"type":"result","duration_ms":260}',
  outOfBudget:
    '{"duration_api_ms":0,"stop_reason":"tool_use","session_id":"9f0df2c1-1dc0-4cd7-a6a9-db6612e46016","total_cost_usd":0.0025,"usage":{"input_tokens":0,"output_tokens":0},"modelUsage":{"claude-sonnet-5-5":{"inputTokens":1000,"outputTokens":50,"costUSD":0.0025}},"permission_denials":[],"terminal_reason":"budget_exhausted","is_error":true,"num_turns":1,"subtype":"error_max_budget_usd","errors":["Reached maximum budget ($0.001)"],"type":"result","duration_ms":144}',
} as const;
