package runtime

import (
	"context"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"

	"github.com/cordboard/cordboard/nodes"
)

// observe tells an observer, one event at a time also where called workflows run beside their callers.
func (x *Execution) observe(e Event) {
	if x.engine.opts.Observe == nil {
		return
	}
	e.ExecutionID, e.Depth, e.Time = x.state.ExecutionID, x.depth, time.Now()
	e.WorkflowID, e.Workflow = x.plan.Workflow.ID, x.plan.Workflow.Name
	x.family.observe.Lock()
	defer x.family.observe.Unlock()
	x.engine.opts.Observe(e)
}

// runSpan begins the span of a run; that of a called workflow lies within the caller's step.
func (x *Execution) runSpan(ctx context.Context) (context.Context, trace.Span) {
	return x.engine.opts.Tracer.Start(ctx, "workflow "+x.plan.Workflow.Name, trace.WithAttributes(
		attribute.String("workflow.id", x.plan.Workflow.ID), attribute.String("workflow.name", x.plan.Workflow.Name),
		attribute.String("execution.id", x.state.ExecutionID), attribute.String("execution.mode", x.state.Mode)))
}

func (x *Execution) stepSpan(ctx context.Context, s *step, run, in int) (context.Context, trace.Span) {
	ctx, span := x.engine.opts.Tracer.Start(ctx, "step "+s.node.Name)
	if span.IsRecording() {
		span.SetAttributes(attribute.String("node.name", s.node.Name), attribute.String("node.type", s.node.Type),
			attribute.Float64("node.version", s.node.Version), attribute.Int("node.run", run), attribute.Int("items.in", in))
	}
	return ctx, span
}

func endSpan(span trace.Span, out int, err *nodes.Error) {
	if span.IsRecording() {
		span.SetAttributes(attribute.Int("items.out", out))
		if err != nil {
			span.SetStatus(codes.Error, err.Message)
		}
	}
	span.End()
}
