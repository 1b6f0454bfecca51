package pbxsim

import (
	"fmt"
	"net/http"
	"strings"
)

// handlers are the operations that do more than the form of their path says, by id.
func handlers() map[string]handler {
	return map[string]handler{
		"BulkUpdate":                          bulkUpdate,
		"MultiUserUpdate":                     multiUserUpdate,
		"BatchDelete":                         batchDelete,
		"HasDuplicatedEmail":                  hasDuplicatedEmail,
		"GetDuplicatedEmails":                 getDuplicatedEmails,
		"ExportExtensions":                    exportExtensions,
		"Regenerate":                          regenerate,
		"RegeneratePasswords":                 regeneratePasswords,
		"GetFirstAvailableExtensionNumber":    firstFree("Users"),
		"GetFirstAvailableHotdeskingNumber":   firstFree("Users"),
		"GetFirstAvailableQueueNumber":        firstFree("Queues"),
		"GetFirstAvailableRingGroupNumber":    firstFree("RingGroups"),
		"GetFirstAvailableReceptionistNumber": firstFree("Receptionists"),
		"GetFirstAvailableTrunkNumber":        firstFree("Trunks"),
		"GetParameterByName":                  lookup("Parameters", "Name", "name"),
		"GetContactsByNumber":                 contactsByNumber,
		"CreateContactByNumber":               createContactByNumber,
		"DropCall":                            dropCall,
		"GetCallLogData":                      callLog,
		"GetOldCallLogData":                   callLog,
		"DownloadCallLog":                     callLog,
		"DownloadCallHistory":                 callHistory,
		"GetReportPeers":                      reportPeers,
		"DeleteCompanyById":                   deleteCompany("Id", "id"),
		"DeleteCompanyByNumber":               deleteCompany("Number", "number"),
	}
}

// isByNumber recognises the functions that API 20.0.7 has where 20.0.10 has alternate keys.
func isByNumber(r *route) bool {
	switch unqualified(r.last().name) {
	case "GetByNumber", "GetPeerByNumber", "GetTrunkByNumber":
		return len(r.places) == 2
	}
	return false
}

// lookup answers the entity whose property is the argument.
func lookup(name, property, argument string) handler {
	return func(s *Server, c *call) (*reply, *apiError) {
		set, values, err := s.store.snapshot(name)
		if err != nil {
			return nil, internal(err)
		}
		wanted := c.values[argument].text
		for _, v := range values {
			if e, _ := v.(entity); keyText(e[property]) == wanted {
				return s.one(c, http.StatusOK, e, set.shape, set.navigation)
			}
		}
		return nil, notThere(name, property, wanted)
	}
}

// idsOf reads an action's member "ids"; without one there is nothing to do.
func idsOf(c *call) []string {
	list, _ := c.body["ids"].([]any)
	keys := make([]string, len(list))
	for i, id := range list {
		keys[i] = keyText(id)
	}
	return keys
}

func (s *Server) changeUsers(keys []string, patch entity) (*reply, *apiError) {
	s.store.mu.Lock()
	defer s.store.mu.Unlock()
	users, err := s.store.set("Users")
	if err != nil {
		return nil, internal(err)
	}
	if failed := s.change(users, keys, patch); failed != nil {
		return nil, failed
	}
	return noContent(), nil
}

func bulkUpdate(s *Server, c *call) (*reply, *apiError) {
	patch, _ := c.body["user"].(entity)
	if _, ok := patch["Id"]; ok && len(idsOf(c)) > 1 {
		return nil, fail(http.StatusBadRequest, codeReadOnly, "Id cannot be changed").at("/user/Id")
	}
	return s.changeUsers(idsOf(c), patch)
}

// multiUserUpdate leaves out Number and DisplayNumbers, which only show what the form was about.
func multiUserUpdate(s *Server, c *call) (*reply, *apiError) {
	given, _ := c.body["user"].(entity)
	patch := merged(given, nil)
	delete(patch, "Number")
	delete(patch, "DisplayNumbers")
	return s.changeUsers(idsOf(c), patch)
}

// batchDelete deletes the users that may be deleted and reports the others.
func batchDelete(s *Server, c *call) (*reply, *apiError) {
	s.store.mu.Lock()
	defer s.store.mu.Unlock()
	users, err := s.store.set("Users")
	if err != nil {
		return nil, internal(err)
	}
	refused := []any{}
	keys := map[string]bool{}
	for _, key := range idsOf(c) {
		_, e := users.find(key)
		if e == nil {
			return nil, notThere("Users", "Id", key)
		}
		if why := s.undeletable(users, e); why != "" {
			refused = append(refused, complete(c.op.entity(), entity{"ExtensionNumber": e["Number"], "Error": why}))
			continue
		}
		keys[key] = true
	}
	users.remove(keys)
	s.store.membersStale = true
	return s.list(c, refused, c.op.entity(), nil)
}

// undeletable says why an entity must stay, "" if it may go.
func (s *Server) undeletable(set *entitySet, e entity) string {
	switch {
	case set.name == "Users" && keyText(e["Number"]) == operatorNumber:
		return "the extension is the operator"
	case set.name == "Users" && keyText(e["Id"]) == ownerID:
		return "the user is the last system owner"
	case set.name == "Groups" && e["IsDefault"] == true:
		return "the department is the default one"
	}
	return ""
}

func hasDuplicatedEmail(s *Server, c *call) (*reply, *apiError) {
	_, e, failed := s.keyed(c)
	if failed != nil {
		return nil, failed
	}
	_, values, err := s.store.snapshot("Users")
	if err != nil {
		return nil, internal(err)
	}
	n := 0
	for _, v := range values {
		if other, _ := v.(entity); sameEmail(e, other) {
			n++
		}
	}
	return jsonReply(http.StatusOK, map[string]any{"value": n > 1}), nil
}

func sameEmail(a, b entity) bool {
	x, y := keyText(a["EmailAddress"]), keyText(b["EmailAddress"])
	return x != "" && strings.EqualFold(x, y)
}

func getDuplicatedEmails(s *Server, c *call) (*reply, *apiError) {
	_, values, err := s.store.snapshot("Users")
	if err != nil {
		return nil, internal(err)
	}
	found := []any{}
	asked, _ := c.body["emails"].([]any)
	for _, email := range asked {
		for _, v := range values {
			if e, _ := v.(entity); sameEmail(e, entity{"EmailAddress": email}) {
				found = append(found, email)
				break
			}
		}
	}
	return s.list(c, found, c.op.entity(), nil)
}

func exportExtensions(s *Server, c *call) (*reply, *apiError) {
	_, values, err := s.store.snapshot("Users")
	if err != nil {
		return nil, internal(err)
	}
	return s.report(c, values)
}

// regenerate changes a user's secrets, visibly but to nothing real.
func regenerate(s *Server, c *call) (*reply, *apiError) {
	_, e, failed := s.keyed(c)
	if failed != nil {
		return nil, failed
	}
	return s.regenerateSecrets([]string{keyText(e["Id"])})
}

func regeneratePasswords(s *Server, c *call) (*reply, *apiError) {
	list, _ := c.body["Ids"].([]any)
	keys := make([]string, len(list))
	for i, id := range list {
		keys[i] = keyText(id)
	}
	return s.regenerateSecrets(keys)
}

func (s *Server) regenerateSecrets(keys []string) (*reply, *apiError) {
	n := s.regenerated.Add(1)
	return s.changeUsers(keys, entity{
		"AuthPassword":      fmt.Sprintf("not-a-real-password-%d", n),
		"DeskphonePassword": fmt.Sprintf("not-a-real-password-%d", n),
	})
}

// firstFree answers the lowest free number of a set's range.
func firstFree(name string) handler {
	return func(s *Server, c *call) (*reply, *apiError) {
		s.store.mu.Lock()
		defer s.store.mu.Unlock()
		number, err := s.store.freeNumber(numbered[name])
		if err != nil {
			return nil, internal(err)
		}
		return s.one(c, http.StatusOK, complete(c.op.answer, entity{"Number": number}), c.op.answer, nil)
	}
}

// linkMembers keeps users' groups and groups' members in step. It needs the store's lock.
func (s *Server) linkMembers(set *entitySet, e, written entity) *apiError {
	switch set.name {
	case "Users":
		s.store.membersStale = true
	case "Groups":
		members, ok := written["Members"].([]any)
		if !ok {
			return nil
		}
		if err := s.store.setMembers(e, members); err != nil {
			return internal(err)
		}
	}
	return nil
}

// setMembers puts exactly these users (by number) into a group.
func (st *store) setMembers(group entity, members []any) error {
	users, err := st.set("Users")
	if err != nil {
		return err
	}
	wanted := map[string]entity{}
	for _, m := range members {
		member, _ := m.(entity)
		wanted[keyText(member["Number"])] = member
	}
	for i, user := range users.list {
		var groups []any
		old, _ := user["Groups"].([]any)
		for _, g := range old {
			if other, _ := g.(entity); keyText(other["GroupId"]) != keyText(group["Id"]) {
				groups = append(groups, g)
			}
		}
		if member, ok := wanted[keyText(user["Number"])]; ok {
			groups = append(groups, merged(entity{"GroupId": group["Id"], "Name": group["Name"]},
				entity{"Rights": member["Rights"], "Type": "Extension", "Number": group["Number"]}))
		}
		if len(groups) != len(old) || wanted[keyText(user["Number"])] != nil {
			users.list[i] = merged(user, entity{"Groups": groups})
		}
	}
	st.membersStale = true
	return nil
}

// refreshMembers makes the groups' members of the users' groups. It needs st.mu for writing.
func (st *store) refreshMembers() error {
	groups, err := st.set("Groups")
	if err != nil {
		return err
	}
	users, err := st.set("Users")
	if err != nil {
		return err
	}
	members := map[string][]any{}
	for _, user := range users.list {
		list, _ := user["Groups"].([]any)
		for _, g := range list {
			membership, _ := g.(entity)
			id := keyText(membership["GroupId"])
			members[id] = append(members[id], merged(membership, entity{
				"Id": user["Id"], "Number": user["Number"], "MemberName": user["DisplayName"], "Type": "Extension",
			}))
		}
	}
	for i, group := range groups.list {
		list := members[keyText(group["Id"])]
		if list == nil {
			list = []any{}
		}
		groups.list[i] = merged(group, entity{"Members": list, "HasMembers": len(list) > 0})
	}
	st.membersStale = false
	return nil
}

// deleteCompany deletes a department that an action names.
func deleteCompany(property, argument string) handler {
	return func(s *Server, c *call) (*reply, *apiError) {
		given, ok := c.body[argument]
		if !ok {
			return noContent(), nil
		}
		s.store.mu.Lock()
		defer s.store.mu.Unlock()
		groups, err := s.store.set("Groups")
		if err != nil {
			return nil, internal(err)
		}
		_, e := groups.findBy(property, keyText(given))
		if e == nil {
			return nil, notThere("Groups", property, keyText(given))
		}
		if why := s.undeletable(groups, e); why != "" {
			return nil, fail(http.StatusConflict, codeInUse, "Groups %s cannot be deleted: %s", keyText(e["Number"]), why)
		}
		groups.remove(map[string]bool{keyText(e["Id"]): true})
		return noContent(), nil
	}
}
