package api

import (
	"errors"
	"fmt"
	"net/http"

	"github.com/cordboard/cordboard/store"
)

// otherRoutes are those of what Cordboard does not have: users, projects and what n8n sells. They answer as an n8n without a licence.
func (a *API) otherRoutes() []route {
	var list []route
	for _, o := range []struct {
		path, method, scope, feature string
	}{
		{"variables", http.MethodGet, "variable:list", "feat:variables"},
		{"variables", http.MethodPost, "variable:create", "feat:variables"},
		{"variables/{id}", http.MethodPut, "variable:update", "feat:variables"},
		{"variables/{id}", http.MethodDelete, "variable:delete", "feat:variables"},
		{"projects", http.MethodGet, "project:list", "feat:projectRole:admin"},
		{"projects", http.MethodPost, "project:create", "feat:projectRole:admin"},
		{"projects/{id}", http.MethodPut, "project:update", "feat:projectRole:admin"},
		{"projects/{id}", http.MethodDelete, "project:delete", "feat:projectRole:admin"},
		{"source-control/pull", http.MethodPost, "sourceControl:pull", "feat:sourceControl"},
	} {
		list = append(list, route{o.method, o.path, o.scope, unlicensed(o.feature)})
	}
	return append(list,
		route{http.MethodGet, "users", "user:list", none("Cordboard has no users: keys and scopes say who may do what.")},
		route{http.MethodPost, "users", "user:create", none("Cordboard has no users: keys and scopes say who may do what.")},
		route{http.MethodGet, "users/{id}", "user:read", none("Cordboard has no users: keys and scopes say who may do what.")},
		route{http.MethodPost, "audit", "securityAudit:generate", none("Cordboard makes no audit reports.")},
		route{http.MethodGet, "data-tables", "dataTable:list", none("Cordboard has no data tables.")},
	)
}

// unlicensed is n8n's answer to what needs a licence.
func unlicensed(feature string) func(*call) (answer, error) {
	return func(*call) (answer, error) {
		return answer{}, refusal{status: http.StatusForbidden, message: fmt.Sprintf(
			"Your license does not allow for %s. To enable %s, please upgrade to a license that supports this feature.", feature, feature)}
	}
}

// none is the answer to what there is not.
func none(message string) func(*call) (answer, error) {
	return func(*call) (answer, error) {
		return answer{}, refusal{status: http.StatusForbidden, message: message}
	}
}

func isMissing(err error) bool { return errors.Is(err, store.ErrNotFound) }
